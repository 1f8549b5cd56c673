"""How many requests a server of W&B's gets: wandb_counted.py CASE JSON. Prints one
line of JSON.

A proxy stands before the server and counts: what goes to the API, which W&B limits,
and what goes to links for files, which it does not. With a limit it refuses what is
more than that in a minute, as W&B does; what is refused counts, too."""

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
    limit = None
    minute = (0, 0)

    def left(self):
        """What this minute still allows before this request, and seconds until the next one."""
        now = time.monotonic()
        minute, used = Counter.minute
        if int(now / 60) != minute:
            minute, used = int(now / 60), 0
        Counter.minute = (minute, min(used + 1, self.limit))
        return self.limit - used, (minute + 1) * 60 - now

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_file = self.path.startswith("/blob/")
        limits = {}
        with self.lock:
            self.counts["files" if is_file else "api"] += 1
            if self.limit and not is_file:
                left, seconds = self.left()
                limits = {"RateLimit-Remaining": str(max(left - 1, 0)), "RateLimit-Reset": f"{seconds:.0f}"}
        if limits and left <= 0:
            self.send_response(429)
            for name, value in (limits | {"Retry-After": limits["RateLimit-Reset"], "Content-Length": "0"}).items():
                self.send_header(name, value)
            self.end_headers()
            return
        connection = http.client.HTTPConnection(self.server_address)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        for name, value in limits.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = forward

    def log_message(self, *_):
        pass


def proxy(server, limit=None):
    Counter.server_address, Counter.limit = server, limit
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


def ours(server, token, runs, rows, limit=None):
    """A home with so many small runs sends them."""
    url = proxy(server, limit)
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


def theirs(server, token, runs, rows, seconds, limit=None):
    """Runs of W&B's own SDK at once, each in a process, as long as it is said."""
    with open(token) as file:
        os.environ["WANDB_API_KEY"] = file.read().strip()
    os.environ["WANDB_BASE_URL"] = proxy(server, limit)
    params = json.dumps({"rows": rows, "seconds": seconds})
    said = subprocess.DEVNULL if limit else None  # Every refusal is said.
    began = time.perf_counter()
    command = [sys.executable, __file__, "one", params]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said) for _ in range(runs)]
    # Under a limit the SDK gives some up.
    failed = sum(process.wait() != 0 for process in processes)
    if failed and not limit:
        raise SystemExit("a run of the SDK failed")
    api, files = taken()
    return {"api": api, "files": files, "failed": failed, "took_s": time.perf_counter() - began}


def one(rows, seconds):
    import wandb

    settings = wandb.Settings(console="off", silent=True, init_timeout=1800)
    run = wandb.init(project="theirs", settings=settings)
    for step in range(rows):
        run.log({"loss": 1 / (step + 1)})
        time.sleep(seconds / rows)
    run.finish()
    return {}


if __name__ == "__main__":
    cases = {case.__name__: case for case in (ours, theirs, one)}
    print(json.dumps(cases[sys.argv[1]](**json.loads(sys.argv[2]))))
