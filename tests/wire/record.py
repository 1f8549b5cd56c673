"""Records what the real wandb SDK asks of pannier, as data for the fast tests.

    python tests/wire/record.py PANNIER PYTHON

PANNIER is the program, PYTHON an interpreter with wandb. A proxy stands between
the SDK and a daemon in a temporary home, and keeps one file for each distinct
GraphQL document in `graphql/`, and some posts of the file stream in
`file_stream/`. What names the machine, its user or a key is replaced: names and
ids by `{entity}`, `{project}`, `{run}`, `{run_id}`, `{file_id}`, `{artifact_id}`,
`{view_id}`,
for which the tests put their own.

`graphql-older/` holds what earlier versions of the SDK sent instead, in the same
form; it is not made anew here."""

import base64
import contextlib
import getpass
import gzip
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse

HERE = pathlib.Path(__file__).parent
POST_BYTES_MAX = 8000
POSTS_OF = ("rec-train", "rec-media", "rec-fork", "rec-shared", "rec-failing", "rec-offline")


class Recorder(http.server.BaseHTTPRequestHandler):
    """Forwards a request and keeps it."""

    protocol_version = "HTTP/1.1"
    daemon = None
    kept = []
    lock = threading.Lock()

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        skipped = ("host", "connection", "accept-encoding")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in skipped}
        connection = http.client.HTTPConnection(self.daemon)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        shown = {
            name.lower(): value for name, value in self.headers.items()
            if name.lower() == "content-encoding" or name.lower().startswith("x-wandb")
        }
        with self.lock:
            self.kept.append((self.command, self.path, shown, body, answer.status, data))
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = forward

    def log_message(self, *_):
        pass


class Scrub:
    """Replaces what belongs to this machine."""

    def __init__(self, entity, folder, addresses):
        self.entity, self.folder = entity, folder
        names = {socket.gethostname(): "host", str(pathlib.Path.home()): "/home/me"}
        self.texts = {str(folder): "/work", **{address: "127.0.0.1:1" for address in addresses}, **names}

    def text(self, text):
        for old, new in self.texts.items():
            text = text.replace(old, new)
        text = re.sub(r"/[\w./-]*/(bin|lib)/(?=\w)", "/work/", text)
        return re.sub(r"/tmp/[\w.-]+", "/work", text)

    def plain(self, text):
        return re.sub(r"\brec-[a-z]+\b", "{run}", self.text(text))

    def value(self, value, key=""):
        if isinstance(value, dict):
            return {key: self.value(value, key) for key, value in value.items()}
        if isinstance(value, list):
            return [self.value(value, key) for value in value]
        return self.string(value, key) if isinstance(value, str) else value

    def string(self, text, key):
        exact = {self.entity: "{entity}", "recorded": "{project}", getpass.getuser(): "me"}
        if text in exact and key != "title":
            return exact[text]
        if re.fullmatch(r"rec-\w+", text):
            return "{run}"
        if key == "config" and "_wandb" in text:
            return self.plain(json.dumps(self.config(json.loads(text))))
        if key in ("host", "program"):
            return {"host": "host", "program": "train.py"}[key]
        for kind, name in ("Run:v1:", "run_id"), ("File:v1:", "file_id"), ("Artifact:", "artifact_id"), ("View:", "view_id"):
            if text.startswith(base64.b64encode(kind.encode()).decode()[: len(kind) * 4 // 3]):
                return "{" + name + "}"
        return self.plain(text)

    def config(self, config):
        """The facts of the machine are many and prove nothing: when it began stays."""
        inner = config["_wandb"]["value"]
        for writer, facts in inner.get("e", {}).items():
            inner["e"][writer] = {"startedAt": facts.get("startedAt"), "writerId": writer}
        return config


def good(data):
    try:
        answer = json.loads(data)
    except ValueError:
        return False
    return not answer.get("errors") and None not in (answer.get("data") or {"": None}).values()


def documents(kept, scrub, sdk):
    """One example of each document: the first that was answered well."""
    found = {}
    for _, path, headers, body, _, data in kept:
        if path != "/graphql":
            continue
        asked = json.loads(body)
        entry = found.setdefault(asked["query"], {})
        if entry and (entry["good"] or not good(data)):
            continue
        name = asked.get("operationName") or re.search(r"(?:query|mutation)\s+(\w+)", asked["query"])[1]
        variables = scrub.value(asked.get("variables") or {})
        entry.update(good=good(data), operation=name, document=asked["query"], variables=variables, sdk=sdk)
    for entry in found.values():
        if not entry.pop("good"):
            print("not answered well:", entry["operation"])
    return list(found.values())


def posts(kept, scrub):
    """The short ones of some runs."""
    for _, path, headers, body, _, _ in kept:
        if not path.endswith("/file_stream") or path.split("/")[-2] not in POSTS_OF:
            continue
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        body = json.loads(scrub.text(body.decode()))
        if len(json.dumps(body)) < POST_BYTES_MAX:
            yield path.split("/")[-2], headers, body


def write(folder, name, content):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def record(pannier, python):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "home").mkdir()
        env = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB", "PANNIER"))}
        env |= {"PANNIER_HOME": str(folder / "home"), "PANNIER_SOCKET": str(folder / "home" / "socket")}
        daemon = subprocess.Popen([pannier, "daemon"], env=env, stderr=subprocess.DEVNULL)
        try:
            variables = None
            while not variables:
                shown = subprocess.run([pannier, "env", "--json"], env=env, capture_output=True, text=True)
                variables = shown.returncode == 0 and json.loads(shown.stdout)
                variables = variables if variables and variables.get("WANDB_BASE_URL") else None
            env |= {name: value for name, value in variables.items() if value}
            Recorder.daemon = urllib.parse.urlsplit(variables["WANDB_BASE_URL"]).netloc
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"127.0.0.1:{server.server_port}"
            env |= {"WANDB_BASE_URL": f"http://{address}", "WANDB_CACHE_DIR": str(folder / "cache"), "HOME": str(folder)}
            env |= {"WANDB_CONFIG_DIR": str(folder / "config")}
            play(python, folder, env)
        finally:
            daemon.terminate()
            daemon.wait()
        sdk = subprocess.run([python, "-c", "import wandb; print(wandb.__version__)"], capture_output=True, text=True)
        keep(Scrub(variables.get("PANNIER_ENTITY") or "local", folder, [address, Recorder.daemon]), sdk.stdout.strip())


def play(python, folder, env):
    listed = "import scenarios; print(*[s.__name__ for s in scenarios.SCENARIOS])"
    names = subprocess.run([python, "-c", listed], cwd=HERE, env=env, capture_output=True, text=True, check=True)
    for name in names.stdout.split():
        (folder / name).mkdir()
        script = [python, str(HERE / "scenarios.py"), name]
        ended = subprocess.run(script, cwd=folder / name, env=env, capture_output=True, text=True, timeout=180)
        print(name, ended.returncode)
        if ended.returncode or "-v" in sys.argv:
            print(ended.stdout[-3000:], ended.stderr[-1500:])


def keep(scrub, sdk):
    for folder in "graphql", "file_stream":
        shutil.rmtree(HERE / folder, ignore_errors=True)
    taken = {}
    for entry in documents(Recorder.kept, scrub, sdk):
        nth = taken[entry["operation"]] = taken.get(entry["operation"], 0) + 1
        write(HERE / "graphql", entry["operation"] + (f"-{nth}" if nth > 1 else "") + ".json", entry)
    counts = {}
    for run, headers, body in posts(Recorder.kept, scrub):
        nth = counts[run] = counts.get(run, 0) + 1
        headers = {name: value for name, value in headers.items() if name != "content-encoding"}
        write(HERE / "file_stream", f"{run.removeprefix('rec-')}-{nth}.json", {"headers": headers, "body": body, "sdk": sdk})


if __name__ == "__main__":
    record(sys.argv[1], sys.argv[2])
