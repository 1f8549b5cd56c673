"""The daemon dies while the SDK logs; or is not there when it begins."""

import os
import signal

import pytest
import wandb

from support.home import pannier_bin, until
from support.reading import reading
from support.sdk import ENTITY, Script

ROWS = 120


def check(home, told, folder):
    """The run is complete: each row, each line, once and in order."""
    with reading(home.wandb_variables(), folder):
        run = wandb.Api().run(f"{ENTITY}/stream/{told['id']}")
        rows = [(row["_step"], row["n"], row["square"]) for row in run.scan_history()]
        assert rows == [(n, n, n * n) for n in range(told["logged"])]
        lines = [line.content for line in run.console_logs() if line.content.startswith("row ")]
        assert lines == [f"row {n}" for n in range(told["logged"])]
        assert (run.state, run.summary["n"]) == ("finished", told["logged"] - 1)


def logged(script, rows):
    """Waits until the script has logged so many."""
    until(lambda: ((script.peek() or {}).get("logged") or 0) >= rows, f"{rows} rows are logged")


def test_killed_and_restarted_three_times(alone, below, tmp_path):
    before = alone.wandb_variables()
    script = Script("stream", before, ROWS, 0.05, "interrupted", below=below)
    for rows in (20, 45, 70):
        logged(script, rows)
        alone.kill()
        alone.start()
    told = script.wait().expect(0)
    assert alone.wandb_variables() == before, "the same home has the same port and key"
    assert told["logged"] == ROWS
    check(alone, told, tmp_path / "reader")


def test_down_at_the_end(alone, below, tmp_path):
    """The last rows and the end itself wait in the SDK for the daemon to come back."""
    script = Script("stream", alone.wandb_variables(), 40, 0.02, "late", below=below)
    logged(script, 10)
    alone.kill()
    logged(script, 40)
    alone.start()
    check(alone, script.wait().expect(0), tmp_path / "reader")


def test_pannier_run_starts_another(alone, below, tmp_path):
    """The watcher of `pannier run`, not the test, brings the daemon back."""
    alone.stop()
    script = Script(
        "stream", alone.variables(), ROWS, 0.05, "watched", below=below, prefix=[pannier_bin(), "run", "--"]
    )
    logged(script, 20)
    killed = alone.pid()
    os.kill(killed, signal.SIGKILL)
    until(lambda: alone.pid() not in (None, killed), "there is another daemon")
    told = script.wait().expect(0)
    assert told["logged"] == ROWS
    check(alone, told, tmp_path / "reader")


def test_nobody_there_at_init(alone, below):
    """Under `pannier env` alone, a daemon that is down is the SDK's to report."""
    variables = alone.wandb_variables()
    alone.stop()
    done = Script("refused", variables, 4, below=below).wait()
    assert done.code == 1
    module, name, text = done.told["error"]
    assert module.startswith("wandb.") and name in ("CommError", "AuthenticationError"), done.told
    assert text


@pytest.mark.fast
def test_nobody_there_under_pannier_run(alone, below, tmp_path):
    """`pannier run` has a daemon up before the command begins."""
    alone.stop()
    script = Script("stream", alone.variables(), 5, 0, "brought up", below=below, prefix=[pannier_bin(), "run", "--"])
    check(alone, script.wait().expect(0), tmp_path / "reader")
