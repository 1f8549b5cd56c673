"""Scripts whose machine is taken away: what they hear of it, and how they go on."""

from __future__ import annotations

import pytest
from conftest import Home
from test_daemon import until

STOPS = """
    import os, signal, sys, pannier
    {before}
    run = pannier.init(project="p", id="r1")
    for i in range(20):
        run.log({{"i": i}})
    {after}
    os.kill(os.getpid(), signal.SIGTERM)
    run.log({{"i": 20}})
    run.finish()
"""


@pytest.mark.parametrize(
    ("before", "after", "rc", "state", "rows"),
    [
        ("", "", -15, "preempted", 20),
        # A handler of the script's own, whenever it is set.
        ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))", "", 9, "failed", 20),
        ("", "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))", 9, "failed", 20),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", "", 0, "finished", 21),
        # One that calls what was there before it decides when to go.
        (
            "",
            "old = signal.getsignal(15); signal.signal(15, lambda *a: old(*a))",
            0,
            "finished",
            21,
        ),
        (
            "",
            "old = signal.getsignal(15); signal.signal(15, lambda *a: (old(*a), sys.exit(9)))",
            9,
            "preempted",
            20,
        ),
    ],
)
def test_sigterm_in_a_job(
    home: Home, before: str, after: str, rc: int, state: str, rows: int
) -> None:
    home.python(STOPS.format(before=before, after=after), rc=rc, SLURM_JOB_ID="7")
    until(home, "r1", state)
    assert home.points("r1", "i") == [[i, i] for i in range(rows)]


def test_outside_of_a_job_sigterm_is_left_alone(home: Home) -> None:
    done = home.python(
        """
        import signal, pannier
        run = pannier.init(project="p", id="r1")
        print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
        """
    )
    assert "True" in done.stdout


def test_children_go_at_once(home: Home) -> None:
    home.python(
        """
        import os, signal, time, pannier
        run = pannier.init(project="p", id="r1")
        child = os.fork()
        if child == 0:
            if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
                os._exit(3)
            signal.pause()
        os.kill(child, signal.SIGTERM)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -15
        run.log({"i": 1})
        """,
        SLURM_JOB_ID="7",
    )
    assert home.show("r1")["state"] == "finished"


def test_a_requeued_job_goes_on_with_its_run(home: Home) -> None:
    script = """
        import os, sys, pannier
        run = pannier.init(project="p", resume="auto", config={"lr": 0.1})
        print("RUN", run.id, run.step, run.resumed)
        for i in range(10):
            run.log({"i": run.step})
        pannier.finish()
        second = pannier.init(project="p", resume="auto")
        print("SECOND", second.id)
        os._exit(0)
    """
    job = {"SLURM_JOB_ID": "12", "SLURM_CLUSTER_NAME": "big"}
    first = home.python(script, **job).stdout
    assert "RUN job-big-12 0 False" in first
    assert "SECOND job-big-12-2" in first
    again = home.python(script, SLURM_RESTART_COUNT="1", **job).stdout
    assert "RUN job-big-12 10 True" in again
    until(home, "job-big-12", "finished")
    assert home.points("job-big-12", "i") == [[i, i] for i in range(20)]
    rank = home.python(script, SLURM_PROCID="3", **job).stdout
    assert "RUN job-big-12-rank3 0 False" in rank
    array = {"SLURM_ARRAY_JOB_ID": "40", "SLURM_ARRAY_TASK_ID": "2", "SLURM_JOB_ID": "42"}
    assert "RUN job-40_2 0 False" in home.python(script, **array).stdout


def test_ranks_share_the_run_of_their_job(home: Home) -> None:
    script = """
        import pannier
        run = pannier.init(project="p", resume="auto", mode="shared")
        print("RUN", run.id)
    """
    for rank in ("0", "3"):
        done = home.python(script, SLURM_JOB_ID="12", SLURM_PROCID=rank)
        assert "RUN job-12" in done.stdout.split("rank")[0]
        assert "rank" not in done.stdout
