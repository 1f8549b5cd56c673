"""How runs end, and how they are ended from outside."""

import pytest
import wandb

from support.home import until
from support.sdk import ENTITY

ENDS = {
    "fine": (0, "finished"),
    "code": (0, "failed"),
    "raises": (1, "failed"),
    "exits": (5, "failed"),
    "preempted": (0, "preempted"),
}


@pytest.fixture(scope="module")
def ended(run_script):
    """A run for each way to end, by its name."""
    scripts = {how: run_script("ends", how) for how in ENDS}
    return {how: script.wait().expect(ENDS[how][0])["id"] for how, script in scripts.items()}


def test_states(api, ended):
    found = {how: api.run(f"{ENTITY}/ends/{id}").state for how, id in ended.items()}
    assert found == {how: state for how, (_, state) in ENDS.items()}
    states = {how: [run.id for run in api.runs(f"{ENTITY}/ends", filters={"state": how})] for how in ("preempted",)}
    assert states["preempted"] == [ended["preempted"]]


def test_the_traceback_is_in_the_console(api, ended):
    lines = [line.content for line in api.run(f"{ENTITY}/ends/{ended['raises']}").console_logs()]
    assert "RuntimeError: out of luck" in lines
    assert "this one is raises" in lines


def test_stop_from_outside(at_daemon, run_script):
    script = run_script("ends", "waits")
    path = f"{ENTITY}/ends/{until(script.peek, 'the script has a run')['id']}"
    until(lambda: wandb.Api().run(path).state == "running", "the run is seen to be running")
    wandb.Api().run(path).stop()
    done = script.wait()
    assert done.code != 0 and "KeyboardInterrupt" in done.err, done.err[-2000:]
    assert wandb.Api().run(path).state in ("failed", "killed")


def test_update_state(at_daemon, ended):
    path = f"{ENTITY}/ends/{ended['exits']}"
    for state in ["pending", "failed"]:
        assert wandb.Api().run(path).update_state(state)
        assert wandb.Api().run(path).state == state
    with pytest.raises(wandb.Error):
        wandb.Api().run(f"{ENTITY}/ends/{ended['fine']}").update_state("pending")


@pytest.mark.slow
def test_killed_is_crashed_once_it_is_not_heard_of(at_daemon, run_script):
    script = run_script("ends", "killed")
    told = until(lambda: (script.peek() or {}).get("beats", 0) > 3 and script.peek(), "the script logs")
    path = f"{ENTITY}/ends/{told['id']}"
    until(lambda: wandb.Api().run(path).lastHistoryStep >= 1, "its rows arrive")
    script.process.kill()
    script.wait()
    assert wandb.Api().run(path).state == "running", "nobody is given up at once"
    until(lambda: wandb.Api().run(path).state == "crashed", "the run is crashed", patience_s=400)
    assert len(list(wandb.Api().run(path).scan_history())) >= 2
