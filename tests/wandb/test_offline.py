"""A run logged without any server, then sent with `wandb sync`: once, and again."""

import pathlib
import subprocess
import sys

import pytest

from support.home import bare_environment
from support.sdk import ENTITY, Script, folders


@pytest.fixture(scope="session")
def sent(variables, below):
    """The run, after `wandb sync` has sent it twice."""
    # Nothing leads to the daemon: what is not needed must not be there.
    told = Script("offline", {}, below=below).wait().expect(0)
    folder = pathlib.Path(told["folder"])
    for args in [[], ["--include-synced"]]:
        done = subprocess.run(
            [sys.executable, "-m", "wandb", "sync", *args, str(folder)],
            env=bare_environment() | folders(below / "sync") | variables | {"WANDB_ENTITY": ENTITY},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        # Sent again, it must really be sent again.
        (folder / f"run-{told['id']}.wandb.synced").unlink(missing_ok=True)
    return told


@pytest.fixture
def run(api, sent):
    return api.run(f"{ENTITY}/offline/{sent['id']}")


def test_rows_once(run):
    assert [(row["_step"], row["n"]) for row in run.scan_history(keys=["n"])] == [(n, n) for n in range(40)]
    assert len(list(run.scan_history())) == 41
    assert run.lastHistoryStep == 40


def test_console_once(run):
    assert [line.content for line in run.console_logs()].count("said offline") == 1


def test_the_rest(run, tmp_path):
    assert (run.name, run.state, run.config, run.tags) == ("alone", "finished", {"rate": 3}, ["off"])
    assert run.summary["best"] == 4
    with run.file("offline.txt").download(root=str(tmp_path)) as file:
        assert file.read() == "kept offline\n"
    assert run.file(run.summary["picture"]["path"]).size == run.summary["picture"]["size"]
