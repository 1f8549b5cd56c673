"""Many processes begin at once: a job with a process a GPU on a large node."""

import statistics

import pytest
import wandb

from support.home import until
from support.sdk import ENTITY

PROCESSES = 64
LOOSELY_S = 10
"""On a machine of two cores that builds beside us. The promise is 2 s."""


@pytest.mark.slow
def test_64_begin_at_once(at_daemon, run_script, tmp_path, capsys):
    scripts = [run_script("crowd", rank, tmp_path, WANDB__SERVICE_WAIT="300") for rank in range(PROCESSES)]
    for mode in ("offline", "online"):
        until(lambda mode=mode: len(list(tmp_path.glob(f"{mode}-*"))) == PROCESSES, f"all are ready: {mode}", 240)
        (tmp_path / f"{mode}-go").touch()
    told = [script.wait(240).expect(0) for script in scripts]
    took = sorted(one["online_s"] for one in told)
    with capsys.disabled():
        print(f"\n    wandb.init of {PROCESSES} at once: p50 {statistics.median(took):.2f} s, max {took[-1]:.2f} s")
    assert statistics.median(took) < LOOSELY_S
    runs = list(wandb.Api().runs(f"{ENTITY}/crowd", per_page=20))
    assert len(runs) == PROCESSES
    assert {run.state for run in runs} == {"finished"}
