"""Runs logged by `import wandb` and by `import pannier as wandb` are the same
thing, whichever of the two reads them, at the daemon and at the hub."""

import os

import pytest

from support.sdk import STORIES, Script

PACKAGE = os.environ.get("PANNIER_PACKAGE", "")
TRACKERS = ["wandb", "pannier"]


@pytest.fixture(scope="module")
def paths(home, run_script):
    """A run of each package."""
    assert PACKAGE, "PANNIER_PACKAGE must name the folder with `pannier`; `cargo xtask test` sets it"
    more = home.variables() | {"PYTHONPATH": f"{STORIES}:{PACKAGE}"}
    scripts = {tracker: run_script("either", "train", tracker, **more) for tracker in TRACKERS}
    return {tracker: script.wait().expect(0)["path"] for tracker, script in scripts.items()}


@pytest.fixture
def read(home, place, request, below):
    """What a package's Api shows of a run, at the place."""
    there = home
    if place == "hub":
        there = request.getfixturevalue("hub")
        home.pannier("sync", "--wait", "--timeout", "60")

    def read(tracker, path):
        variables = there.wandb_variables() | {"PYTHONPATH": f"{STORIES}:{PACKAGE}"} | there.variables()
        return Script("either", variables, "read", tracker, path, below=below, **variables).wait().expect(0)

    return read


def test_same_whichever_logs_and_whichever_reads(paths, read, place):
    readers = TRACKERS if place == "daemon" else ["wandb"]
    shown = [read(reader, paths[logger]) for logger in TRACKERS for reader in readers]
    first = shown[0]
    assert (first["state"], first["last"], len(first["rows"])) == ("finished", 19, 20)
    assert first["summary"]["best"] == {"max": 6} and first["summary"]["by_hand"] == 5
    assert first["said"] and first["found"] and first["program"] == "either.py"
    assert len(first["files"]) == 5
    assert all(other == first for other in shown[1:])


def test_listed_alike(paths, home):
    listed = home.json("runs", "list", "--project", "either")["runs"]
    names = {f"{run['entity']}/{run['project']}/{run['run']}" for run in listed}
    assert set(paths.values()) <= names
