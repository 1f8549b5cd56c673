"""Real processes, the native half, and no daemon anywhere: training is never
held up, and what was logged lies in the spool."""

from __future__ import annotations

import pathlib

import pytest
from conftest import Home


def journals(home: Home) -> list[pathlib.Path]:
    return sorted((home.path / "spool").glob("*/*.journal"))


def spooled(home: Home) -> bytes:
    return b"".join(path.read_bytes() for path in journals(home))


def test_a_whole_run(bare_home: Home) -> None:
    done = bare_home.python(
        """
        import pannier as wandb
        with wandb.init(project="p", config={"lr": 0.25}, name="alone") as run:
            for i in range(100):
                run.log({"loss": 1 / (i + 1), "nested": {"a": i}, "text": f"s{i}"})
            assert run.step == 100
            assert run.summary["loss"] == 0.01
            assert run.summary["nested"]["a"] == 99
            print("printed")
        """
    )
    assert done.stdout == "printed\n"
    assert "run alone" in done.stderr
    assert "100 steps safe here" in done.stderr
    kept = spooled(bare_home)
    for word in (b"nested.a", b"s99", b"printed", b'"lr":0.25'):
        assert word in kept


@pytest.mark.parametrize(
    ("end", "rc"),
    [
        ("raise ValueError('boom')", 1),
        ("sys.exit(3)", 3),
        ("sys.exit()", 0),
        ("os._exit(4)", 4),
        ("os.kill(os.getpid(), 9)", -9),
    ],
)
def test_whatever_ends_the_process_the_rows_are_there(bare_home: Home, end: str, rc: int) -> None:
    done = bare_home.python(
        f"""
        import os, sys
        import pannier
        run = pannier.init(project="p")
        for i in range(50):
            run.log({{"text": f"row{{i}}"}})
        {end}
        """,
        rc=rc,
    )
    assert b"row49" in spooled(bare_home)
    assert ("boom" in done.stderr) == ("boom" in end)


def test_the_previous_excepthook_still_speaks(bare_home: Home) -> None:
    done = bare_home.python(
        """
        import sys
        import pannier
        sys.excepthook = lambda *_: print("mine")
        pannier.init(project="p")
        raise ValueError("boom")
        """,
        rc=1,
    )
    assert done.stdout == "mine\n"


def test_values_of_all_kinds(bare_home: Home) -> None:
    done = bare_home.python(
        """
        import datetime, decimal, enum
        import pannier

        class Odd:
            def __str__(self): return "odd one"

        class Angry:
            def __float__(self): raise RuntimeError("no")

        with pannier.init(project="p") as run:
            run.log({
                "f": 0.5, "i": 3, "big": 2**80, "b": True, "s": "x", "none": None, "list": [1, 2],
                "nan": float("nan"), "inf": float("inf"), 7: 1, "date": datetime.date(2026, 1, 2),
                "dec": decimal.Decimal("1.5"), "odd": Odd(), "angry": Angry(), "cut": "\\udcff",
                "deep": {"a": {"b": [None, float("nan")]}},
            })
            run.log("no dict")
            run.log({"a": 1}, step=5)
            run.log({"a": 2}, step=3)
            run.log({"a": 3}, step="x")
            assert run.step == 6, run.step
            summary = run.summary
            assert (summary["f"], summary["i"], summary["b"], summary["s"]) == (0.5, 3, True, "x")
            assert summary["dec"] == 1.5 and summary["odd"] == "odd one", summary
            assert summary["nan"] != summary["nan"] and summary["7"] == 1
            assert "angry" not in summary
        run.log({"late": 1})
        """
    )
    for warning in ("left out: no", "recorded as text"):
        assert done.stderr.count(warning) == 1, done.stderr


def test_a_home_that_cannot_be_written_does_not_stop_training(bare_home: Home) -> None:
    bare_home.path.write_text("a file in the way")
    done = bare_home.python(
        """
        import pannier
        with pannier.init(project="p") as run:
            for i in range(10):
                run.log({"i": i})
        print("trained")
        """
    )
    assert done.stdout == "trained\n"
    assert "warning" in done.stderr


def test_a_working_directory_that_is_gone(bare_home: Home) -> None:
    bare_home.python(
        """
        import os, tempfile, pannier
        gone = tempfile.mkdtemp()
        os.chdir(gone)
        os.rmdir(gone)
        with pannier.init(project="p", resume="auto", dir="rel") as run:
            run.log({"a": 1})
            assert os.path.isdir(run.dir)
        """,
        TMPDIR=str(bare_home.cwd),
    )


def test_bad_names_are_usage_errors(bare_home: Home) -> None:
    bare_home.python(
        """
        import pannier
        for arguments in ({"project": "a/b"}, {"id": "x?y"}, {"entity": " e"}):
            try:
                pannier.init(**arguments)
                raise SystemExit(f"{arguments} was taken")
            except pannier.errors.UsageError as error:
                print(error)
        assert pannier.run is None
        """
    )


def test_a_thousand_forks_in_mid_log(bare_home: Home) -> None:
    done = bare_home.python(
        """
        import os, sys, threading
        import pannier

        run = pannier.init(project="p")
        stop = threading.Event()

        def chatter():
            while not stop.is_set():
                run.log({"noise": 1.0})
                run.write_logs("noise\\n")

        threads = [threading.Thread(target=chatter) for _ in range(2)]
        for thread in threads:
            thread.start()
        failed = 0
        for batch in range(20):
            pids = []
            for i in range(50):
                pid = os.fork()
                if pid == 0:
                    run.log({"child": batch * 50 + i})
                    run.write_logs("from a child\\n")
                    run.finish()
                    sys.exit(0)
                pids.append(pid)
            failed += sum(os.waitpid(pid, 0)[1] != 0 for pid in pids)
        stop.set()
        for thread in threads:
            thread.join()
        assert failed == 0, failed
        assert pannier.run is run
        assert len(os.listdir("/proc/self/fd")) < 20
        """,
        timeout=110,
    )
    assert "finished" in done.stderr
    assert done.stderr.count("finished") == 1


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing(bare_home: Home, method: str) -> None:
    """A worker may open a run of its own, and need not finish it."""
    done = bare_home.python(
        f"""
        import multiprocessing
        import pannier

        def work(i):
            run = pannier.init(project="p", name=f"worker-{{i}}")
            run.log({{"i": i}})
            if i == 1:
                raise ValueError("boom")

        if __name__ == "__main__":
            context = multiprocessing.get_context({method!r})
            parent = pannier.init(project="p", name="parent") if {method!r} == "fork" else None
            workers = [context.Process(target=work, args=(i,)) for i in range(3)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            assert [worker.exitcode for worker in workers] == [0, 1, 0]
            assert pannier.run is parent
        """
    )
    assert "run worker-0 finished; 1 step " in done.stderr
    assert "run worker-1 failed; 1 step " in done.stderr
    if method == "fork":
        assert "run parent finished; 0 steps " in done.stderr


def test_many_threads_log_at_once(bare_home: Home) -> None:
    bare_home.python(
        """
        import threading
        import pannier

        run = pannier.init(project="p")

        def work(i):
            for n in range(500):
                run.log({f"thread{i}": n})

        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert run.step == 4000, run.step
        assert all(run.summary[f"thread{i}"] == 499 for i in range(8))
        """
    )


def test_start_and_end_are_quick(bare_home: Home) -> None:
    bare_home.env["PANNIER_DAEMON"] = "start"  # there is none to start, which must not cost
    bare_home.python(
        """
        import time
        import pannier

        def once():
            began = time.perf_counter()
            run = pannier.init(project="p")
            run.log({"a": 1})
            run.finish()
            return time.perf_counter() - began

        best = min(once() for _ in range(8))  # of several: the machine may be busy
        assert best < 0.25, best
        """
    )
