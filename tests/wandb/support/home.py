"""A real daemon, or a real hub, in a temporary home. Knows the command line of
`pannier`; knows nothing of W&B beyond the variables that `pannier env` prints."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

PATIENCE_S = 60
"""How long anything may take that should take moments: builds run beside us."""


def pannier_bin():
    """The binary under test."""
    path = os.environ.get("PANNIER_BIN")
    assert path and os.access(path, os.X_OK), "PANNIER_BIN must name the `pannier` binary; `cargo xtask test` sets it"
    return path


def bare_environment():
    """The environment without what would lead a script to another home, to W&B, or to a proxy."""
    unwanted = ("WANDB_", "PANNIER_")
    proxies = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(unwanted) and name.lower() not in proxies
    }


def until(ask, what, patience_s=PATIENCE_S):
    """Asks until there is an answer that is not None or False, and returns it."""
    end = time.monotonic() + patience_s
    while True:
        answer = ask()
        if answer is not None and answer is not False:
            return answer
        assert time.monotonic() < end, f"{what}: not within {patience_s} s"
        time.sleep(0.02)


class Home:
    """A home, and the daemon that serves it while it is up."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.path = self.folder / "home"
        self.path.mkdir(parents=True)
        self.socket = self.folder / "pannier.sock"
        self.process = None

    def variables(self):
        """What puts a `pannier` command into this home."""
        return {"PANNIER_HOME": str(self.path), "PANNIER_SOCKET": str(self.socket), "PANNIER_BIN": pannier_bin()}

    def environment(self):
        """The bare environment, in this home."""
        return bare_environment() | self.variables()

    def pannier(self, *args, code=0):
        """Runs `pannier ARGS`; returns what it printed on standard output."""
        done = subprocess.run(
            [pannier_bin(), *args], env=self.environment(), capture_output=True, text=True, timeout=PATIENCE_S * 2
        )
        assert code is None or done.returncode == code, f"pannier {' '.join(args)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *args):
        """Runs `pannier ARGS --json` and reads its answer."""
        return json.loads(self.pannier(*args, "--json"))

    def start(self, **variables):
        """Up, and ready."""
        log = open(self.folder / "daemon.stderr", "ab")
        with log:
            self.process = subprocess.Popen(
                [pannier_bin(), "daemon"],
                env=self.environment() | variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self.ready, "the daemon is ready")
        return self

    def ready(self):
        """Whether somebody serves the home."""
        assert self.process is None or self.process.poll() is None, f"the daemon ended\n{self.log()}"
        return status_of(self.socket, "/ready") == 200

    def log(self):
        """What the daemon, or the hub, said last."""
        paths = [self.path / "daemon.log", *self.folder.glob("*.stderr")]
        ends = [path.read_text(errors="replace").splitlines()[-30:] for path in paths if path.exists()]
        return "\n".join(line for end in ends for line in end)

    def kill(self):
        """SIGKILL, and it is gone."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        """SIGTERM, and it has ended by itself."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(PATIENCE_S) == 0, self.log()
            self.process = None

    def pid(self):
        """The process that serves the home, whoever started it; None where nobody does."""
        body = body_of(self.socket, "/v1/status")
        return body and json.loads(body)["pid"]

    def wandb_variables(self):
        """What `pannier env` sets for a script that says `import wandb`."""
        found = self.json("env")
        return {name: value for name, value in found.items() if value is not None}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class Hub(Home):
    """A hub with one user; the daemons that have it as remote send as that user."""

    def __init__(self, folder, user):
        super().__init__(folder)
        self.user = user
        self.token = self.pannier("hub", "user", "add", user).split()[-1]
        self.url = None

    def start(self, **variables):
        """Up, and listening: at first wherever there is room, and where it was from then on."""
        listen = self.url.split("//")[1] if self.url else "127.0.0.1:0"
        errors = open(self.folder / "hub.stderr", "ab")
        with errors:
            self.process = subprocess.Popen(
                [pannier_bin(), "hub", "--listen", listen],
                env=self.environment() | variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        for line in self.process.stdout:
            if "listening on " in line:
                self.url = line.split("listening on ")[1].strip()
                return self
        raise AssertionError(f"the hub ended before it was listening\n{self.log()}")

    def add_to(self, home):
        """Makes it the remote `hub` of a home."""
        file = self.folder / "token"
        file.write_text(self.token)
        home.pannier("remote", "add", "hub", self.url, "--token-file", str(file))

    def wandb_variables(self):
        """What its user sets to reach it with W&B's SDK."""
        return {"WANDB_BASE_URL": self.url, "WANDB_API_KEY": self.token, "WANDB_ERROR_REPORTING": "false"}


def status_of(path, route):
    """The status that a route answers with over a Unix socket, or None where nobody does."""
    answer = asked(path, route)
    return answer and answer[0]


def body_of(path, route):
    """What a route answers with over a Unix socket, or None where it does not answer with 200."""
    answer = asked(path, route)
    return answer[1] if answer and answer[0] == 200 else None


def asked(path, route):
    """Status and body of a GET over a Unix socket, or None."""
    connection = http.client.HTTPConnection("pannier", timeout=10)
    try:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(10)
        connection.sock.connect(str(path))
        connection.request("GET", route)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
