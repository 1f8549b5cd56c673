"""Runs logged by `import wandb` and by `import pannier as wandb` are the same
thing, whichever of the two reads them, at the daemon and at the hub."""

from support.sdk import TRACKERS

# The script, and what it is told to do.
STORY = ("either", "train")


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
