"""Stories of scripts and what the daemon knows of them afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from conftest import Home


def until(home: Home, run: str, state: str) -> dict[str, Any]:
    """The run, once it is in this state."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        # A run whose process died at once may not have been stored yet.
        with contextlib.suppress(AssertionError):
            shown = home.show(run)
            if shown["state"] == state:
                return shown
    shown = home.show(run)
    assert shown["state"] == state
    return shown


def test_a_whole_run(home: Home) -> None:
    done = home.python(
        """
        import sys
        import pannier as wandb
        config = {"lr": 0.1, "opt": {"name": "adam"}}
        with wandb.init(project="p", id="r1", name="first", tags=["a"], group="g",
                        job_type="train", notes="n", config=config) as run:
            run.define_metric("acc", summary="max")
            for i in range(10):
                wandb.log({"loss": 1 / (i + 1), "acc": [0.5, 0.9, 0.7][i % 3], "at": {"epoch": i}})
            run.config.update({"opt": {"beta": 0.9}})
            run.summary["best"] = {"loss": 0.1}
            run.tags += ("b",)
            print("to stdout")
            print("to stderr", file=sys.stderr)
            run.alert("Low", "accuracy")
        assert run.summary["acc"]["max"] == 0.9
        """,
        SECRET="x",
    )
    assert "10 steps safe here" in done.stderr
    run = home.show("r1")
    assert (run["state"], run["exit_code"], run["last_step"]) == ("finished", 0, 9)
    assert (run["name"], run["tags"], run["notes"]) == ("first", ["a", "b"], "n")
    assert (run["group"], run["job_type"]) == ("g", "train")
    assert run["config"] == {"lr": 0.1, "opt": {"name": "adam", "beta": 0.9}}
    assert run["summary"]["loss"] == 0.1
    assert run["summary"]["acc"] == {"max": 0.9}
    assert run["summary"]["best"] == {"loss": 0.1}
    assert run["metadata"]["program"]["pid"] > 0
    assert run["metadata"]["alerts"][0]["title"] == "Low"
    assert home.points("r1", "loss") == [[i, 1 / (i + 1)] for i in range(10)]
    assert home.points("first", "at.epoch")[-1] == [9, 9]
    assert len(home.ask("list(pannier.read('p', 'r1', 'loss', max_points=3))")) <= 6


def console(home: Home, run: str) -> list[str]:
    route = f"/v1/runs/local/p/{run}/console"
    call = f"native.request('GET', {route!r}, b'', 5.0, True, None)[1].decode()"
    return home.ask(f"(lambda native: {call})(__import__('pannier._native')._native)").splitlines()


def test_the_console_of_two_lives(home: Home) -> None:
    for i in range(2):
        home.python(
            f"""
            import pannier, sys
            with pannier.init(project="p", id="r1", resume="allow"):
                for n in range(3):
                    print("life {i} line", n)
                sys.stderr.write("\\r10%\\r50%\\r100%")
            """
        )
        home.python(
            f"""
            import pannier
            with pannier.init(project="p", id="one", resume="allow"):
                print("only line of life {i}")
            """
        )
    assert console(home, "one") == ["only line of life 0", "only line of life 1"]
    lines = console(home, "r1")
    assert [line for line in lines if "life" in line] == [
        f"life {i} line {n}" for i in range(2) for n in range(3)
    ]
    assert sum("100%" in line for line in lines) == 2
    assert not any("50%" in line for line in lines)


@pytest.mark.parametrize(
    ("end", "rc", "state", "code"),
    [
        ("raise ValueError('boom')", 1, "failed", 1),
        ("sys.exit(3)", 3, "failed", 3),
        ("sys.exit()", 0, "finished", 0),
        ("run.mark_preempting(); run.finish(143)", 0, "preempted", 143),
        ("os._exit(0)", 0, "crashed", None),
        ("os.kill(os.getpid(), 9)", -9, "crashed", None),
        ("os.kill(os.getpid(), 15)", -15, "crashed", None),
    ],
)
def test_how_a_run_ended(home: Home, end: str, rc: int, state: str, code: int | None) -> None:
    home.python(
        f"""
        import os, sys, pannier
        run = pannier.init(project="p", id="r1")
        for i in range(20):
            run.log({{"i": i}})
        {end}
        """,
        rc=rc,
    )
    shown = until(home, "r1", state)
    assert shown["exit_code"] == code
    assert home.points("r1", "i") == [[i, i] for i in range(20)]
    if "boom" in end:
        assert "ValueError: boom" in console(home, "r1")


def test_resume(home: Home) -> None:
    home.python(
        """
        import pannier
        from pannier.errors import UsageError
        first = {"resume": "allow", "config": {"lr": 1}, "tags": ["k"]}
        with pannier.init(project="p", id="r1", **first) as run:
            assert not run.resumed
            for i in range(3):
                run.log({"m": i})
        with pannier.init(project="p", id="r1", resume="must", config={"bs": 2}) as run:
            assert run.resumed and run.starting_step == run.step == 3, run.step
            assert run.config.as_dict() == {"lr": 1, "bs": 2}, run.config
            assert run.summary["m"] == 2
            assert run.tags == ("k",)
            for i in range(3, 5):
                run.log({"m": i})
        for arguments in ({"id": "none", "resume": "must"}, {"id": "r1", "resume": "never"}):
            try:
                pannier.init(project="p", **arguments)
                raise SystemExit(f"{arguments} was taken")
            except UsageError as error:
                print(error)
        """
    )
    assert home.points("r1", "m") == [[i, i] for i in range(5)]
    assert home.show("r1")["config"] == {"lr": 1, "bs": 2}


def test_resume_auto_after_a_crash(home: Home) -> None:
    code = """
        import os, pannier
        with pannier.init(project="p", resume="auto") as run:
            print(run.id, run.step)
            for i in range(run.step, run.step + 5):
                run.log({"i": i})
            if run.step < 10:
                os.kill(os.getpid(), 9)
        """
    first = home.python(code, rc=-9, PYTHONUNBUFFERED="1").stdout.split()
    second = home.python(code).stdout.split()
    third = home.python(code, rc=-9, PYTHONUNBUFFERED="1").stdout.split()
    assert second == [first[0], "5"]
    assert third[0] != first[0]
    assert home.points(first[0], "i") == [[i, i] for i in range(10)]


def test_rows_of_forked_children_arrive(home: Home) -> None:
    home.python(
        """
        import os, pannier
        run = pannier.init(project="p", id="r1")
        run.log({"parent": 0})
        for i in range(8):
            if os.fork() == 0:
                run.log({f"child{i}": i})
                raise SystemExit(0)
        for _ in range(8):
            os.wait()
        run.log({"parent": 1})
        """
    )
    run = until(home, "r1", "finished")
    assert [run["summary"].get(f"child{i}") for i in range(8)] == list(range(8))


def test_progress_on_a_daemon_that_comes_and_goes(home: Home) -> None:
    script = """
        import sys, pannier
        run = pannier.init(project="p", id="r1")
        for i in range(100):
            run.log({"i": i})
            if i in (30, 60):
                print("at", i, flush=True)
                sys.stdin.readline()
        run.finish()
        """
    path = home.cwd / "long.py"
    path.write_text("\n".join(line[8:] for line in script.splitlines()))
    trainer = subprocess.Popen(
        [sys.executable, str(path)],
        env=home.env,
        cwd=home.cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert trainer.stdin is not None
    assert trainer.stdout is not None
    for _ in range(2):
        assert trainer.stdout.readline().startswith("at")
        pid = home.ask(
            "json.loads(pannier._native.request('GET', '/v1/status', b'', 5.0, True,"
            " None)[1])['pid'] if __import__('pannier._native') else 0"
        )
        os.kill(pid, signal.SIGKILL)
        trainer.stdin.write("\n")
        trainer.stdin.flush()
    assert trainer.wait(timeout=60) == 0
    until(home, "r1", "finished")
    assert home.points("r1", "i") == [[i, i] for i in range(100)]


def test_read_refuses_with_a_reason(home: Home) -> None:
    home.python(
        """
        import pannier
        pannier.init(project="p", id="r1").finish()
        for arguments in (("p", "none", "i"), ("p", "r1", "none"), ("a/b", "r1", "i")):
            try:
                assert list(pannier.read(*arguments)) == [], arguments
            except pannier.Error as error:
                print(error)
        try:
            list(pannier.read("p", "r1", "i", max_points=0))
            raise SystemExit("max_points=0 was taken")
        except pannier.UsageError as error:
            print(error)
        """
    )
