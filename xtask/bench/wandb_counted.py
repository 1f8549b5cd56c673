"""How many requests a server of W&B's gets: wandb_counted.py CASE JSON. Prints one
line of JSON.

A proxy stands before the server and counts: what goes to the API, which W&B limits,
and what goes to links for files, which it does not."""

import base64
import collections
import http.client
import http.server
import json
import os
import subprocess
import sys
import threading
import time


class Counter(http.server.BaseHTTPRequestHandler):
    """Forwards a request and counts it."""

    protocol_version = "HTTP/1.1"
    server_address = ""
    counts = collections.Counter()
    lock = threading.Lock()

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.lock:
            self.counts["files" if self.path.startswith("/blob/") else "api"] += 1
        connection = http.client.HTTPConnection(self.server_address)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = forward

    def log_message(self, *_):
        pass


def proxy(server):
    Counter.server_address = server
    counting = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    threading.Thread(target=counting.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{counting.server_address[1]}"


def taken():
    with Counter.lock:
        counts = dict(Counter.counts)
        Counter.counts.clear()
    return counts.get("api", 0), counts.get("files", 0)


def log_runs(runs, rows):
    """Small runs, as a client of W&B's logs them to the home."""
    at = http.client.HTTPConnection(os.environ["WANDB_BASE_URL"].removeprefix("http://"))
    key = base64.b64encode(b"api:" + os.environ["WANDB_API_KEY"].encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}

    def post(path, body):
        at.request("POST", path, json.dumps(body), headers)
        answer = at.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {text[:500]!r}")

    begin = """mutation U($name: String!, $config: JSONString) {
        upsertBucket(input: {name: $name, modelName: "small", config: $config}) { inserted } }"""
    for run in range(runs):
        config = json.dumps({"lr": {"value": run / runs}})
        post("/graphql", {"query": begin, "variables": {"name": f"small{run:04}", "config": config}})
        lines = [
            json.dumps({"_step": step, "_runtime": step, "_timestamp": 1.7e9 + step, "loss": 1 / (step + 1)})
            for step in range(rows)
        ]
        files = {"wandb-history.jsonl": {"offset": 0, "content": lines}}
        post(f"/files/local/small/small{run:04}/file_stream", {"files": files, "complete": True, "exitcode": 0})


def ours(server, token, runs, rows):
    """A home with so many small runs sends them."""
    url = proxy(server)
    log_runs(runs, rows)
    pannier = os.environ["PANNIER_BIN"]
    add = [pannier, "remote", "add", "wandb", url, "--token-file", token]
    subprocess.run(add, check=True, stdout=subprocess.DEVNULL)
    began = time.perf_counter()
    sync = [pannier, "sync", "--wait", "--timeout", "500"]
    subprocess.run(sync, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = time.perf_counter() - began
    time.sleep(20)  # What ended is read back.
    api, files = taken()
    return {"api": api, "files": files, "took_s": took}


def theirs(server, token, rows, seconds):
    """One run of W&B's own SDK, as long as it is said."""
    with open(token) as file:
        os.environ["WANDB_API_KEY"] = file.read().strip()
    os.environ["WANDB_BASE_URL"] = proxy(server)
    import wandb

    run = wandb.init(project="theirs", settings=wandb.Settings(console="off", silent=True))
    for step in range(rows):
        run.log({"loss": 1 / (step + 1)})
        time.sleep(seconds / rows)
    run.finish()
    api, files = taken()
    return {"api": api, "files": files}


if __name__ == "__main__":
    cases = {case.__name__: case for case in (ours, theirs)}
    print(json.dumps(cases[sys.argv[1]](**json.loads(sys.argv[2]))))
