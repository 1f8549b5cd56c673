"""Media logged by `import wandb` and by `import pannier as wandb` are the same rows,
files and artifacts, whichever of the two reads them, at the daemon and at the hub."""

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
    scripts = {tracker: run_script("pictures", "log", tracker, **more) for tracker in TRACKERS}
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
        return Script("pictures", variables, "read", tracker, path, below=below, **variables).wait().expect(0)

    return read


def test_same_whichever_logs_and_whichever_reads(paths, read, place):
    readers = TRACKERS if place == "daemon" else ["wandb"]
    shown = [read(reader, paths[logger]) for logger in TRACKERS for reader in readers]
    first = shown[0]
    assert len(first["rows"]) == 12 and first["rows"][0]["picture"]["_type"] == "image-file"
    assert first["rows"][11]["results"]["nrows"] == 3
    assert set(first["tables"]) == {"run-ID-results:v0", "held:v0"}
    assert first["tables"]["run-ID-results:v0"][2][2] == ["row 2", 0.5, [[2, 2, 2]] * 4]
    for other in shown[1:]:
        for part, value in first.items():
            assert other[part] == value, part
