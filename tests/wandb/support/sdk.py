"""Running scripts that say `import wandb`, each in a fresh folder, with the
variables that a user would set. Knows where the scripts are and how they tell
what they did; knows nothing of what they log."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from .home import bare_environment

ENTITY = "lab"
"""Whose runs they are."""
STORIES = pathlib.Path(__file__).resolve().parent.parent / "stories"
TRACKERS = ["wandb", "pannier"]
"""The packages that a story can be told with."""
SCRIPT_PATIENCE_S = 150


def folders(below):
    """The SDK's own folders, all of them below one."""
    names = ["WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR", "WANDB_ARTIFACT_DIR"]
    found = {name: str(below / name.removeprefix("WANDB_").lower()) for name in names}
    for path in found.values():
        os.makedirs(path, exist_ok=True)
    # Netrc and settings of the user who runs the tests are nobody's business here.
    return found | {"HOME": str(below), "NETRC": str(below / "netrc")}


def hear_interrupts():
    """As in a terminal: what a shell starts in the background has SIGINT ignored, and hands that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Done:
    """What became of a script."""

    def __init__(self, name, process, out, err, told, folder, seconds):
        self.name = name
        self.code = process.returncode
        self.out = out
        self.err = err
        self.told = told
        self.folder = folder
        self.seconds = seconds

    def expect(self, code=0):
        """Returns what it told; fails where it ended otherwise."""
        assert self.code == code, f"{self.name}: exit code {self.code}\n{self.out[-3000:]}\n{self.err[-6000:]}"
        return self.told


class Script:
    """A script that runs. `variables` are those of the daemon or the hub it talks to."""

    def __init__(self, story, variables, *args, below, prefix=(), **more):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{story}-", dir=below))
        self.name = story
        self.folder = folder
        self.told_in = folder / "told.json"
        environment = bare_environment() | folders(folder) | {"WANDB_ENTITY": ENTITY} | variables
        environment |= {"STORY_TOLD": str(self.told_in), "PYTHONPATH": str(STORIES), "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= {name: value for name, value in more.items() if value is not None}
        work = folder / "work"
        work.mkdir()
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [*prefix, sys.executable, str(STORIES / f"{story}.py"), *map(str, args)],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hear_interrupts,
        )

    def peek(self):
        """What it has told so far, or None."""
        try:
            return json.loads(self.told_in.read_text())
        except (OSError, ValueError):
            return None

    def wait(self, patience_s=SCRIPT_PATIENCE_S):
        """Waits for its end."""
        try:
            out, err = self.process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            said = f"{out[-3000:]}\n{err[-6000:]}"
            raise AssertionError(f"{self.name} did not end within {patience_s} s\n{said}") from None
        seconds = time.monotonic() - self.began
        return Done(self.name, self.process, out, err, self.peek(), self.folder, seconds)


def told_once(start, **options):
    """Tells a story once; what it told of itself is its answer however often it is asked for."""
    told = {}

    def once(story, *args):
        if (story, args) not in told:
            told[story, args] = start(story, *args, **options).wait().expect(0)
        return told[story, args]

    return once
