"""What the SDK leaves on disk, taken in: the same run as by its own way here, once,
in whatever order and however often it comes."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
import wandb

from support.home import Home, bare_environment, until
from support.reading import everything, reading
from support.sdk import ENTITY, Script, folders

OFFLINE = {"WANDB_MODE": "offline"}
STORIES = [("basics",), ("metrics",), ("media",), ("files",), ("console",), ("left",)]
MADE_BY_CORE = {"config.yaml", "wandb-summary.json", "wandb-metadata.json"}
"""Files that core writes at the end, of what else is told; here they are made of it, too."""


@pytest.fixture
def other(tmp_path):
    """A daemon that no script has ever talked to."""
    with Home(tmp_path / "other") as other:
        yield other.start(PANNIER_ENTITY=ENTITY)


def tree(done):
    """Where a script's runs are."""
    return done.folder / "dir" / "wandb"


def take_in(home, *paths, code=0, options=()):
    """Takes logs in; what became of each."""
    return json.loads(home.pannier("import-wandb", *options, *map(str, paths), "--json", code=code))["logs"]


def outcomes(logs):
    return sorted(log["outcome"] for log in logs)


def read(home, folder, project):
    with reading(home.wandb_variables(), folder):
        return everything(project)


def same(runs, others, but=()):
    assert runs and sorted(runs) == sorted(others)
    for id, run in runs.items():
        for what, value in run.items():
            there = others[id][what]
            if what == "files":
                value, there = ([file for file in files if file[0] not in MADE_BY_CORE] for files in (value, there))
            if what not in but:
                assert by_value(value) == by_value(there), (id, what)


def by_value(said):
    """What texts of JSON say: 50.0 is 50."""
    if isinstance(said, list):
        return [by_value(one) for one in said]
    return json.loads(said) if isinstance(said, str) and said.startswith("{") else said


@pytest.mark.parametrize("words", STORIES, ids=lambda words: words[0])
def test_a_run_is_the_same_by_either_door(words, run_script, home, other, tmp_path):
    done = run_script(*words).wait()
    done.expect(0)
    project = words[0]
    ids = {path.stem.removeprefix("run-") for path in tree(done).glob("run-*/*.wandb")}
    here = {id: run for id, run in read(home, tmp_path / "a", project).items() if id in ids}
    logs = take_in(other, tree(done))
    assert set(outcomes(logs)) == {"imported"}, logs
    # When a sample of the machine was taken, each side reckons from its own begin.
    same(here, read(other, tmp_path / "b", project), but=("times", "system"))
    # And beside the door that it came by, and once more: nothing is new.
    assert all(log["rows"] == 0 for log in take_in(home, tree(done)))
    again = {id: run for id, run in read(home, tmp_path / "c", project).items() if id in here}
    same(here, again, but=("system",))
    for id, run in here.items():
        # Core's last sample may be in its log and not in what it sent: then it is new.
        assert again[id]["system"][: len(run["system"])] == run["system"], id
        assert len(again[id]["system"]) <= len(run["system"]) + 1, id
    assert set(outcomes(take_in(other, tree(done)))) == {"already_here"}
    assert set(outcomes(take_in(home, tree(done)))) == {"already_here"}


@pytest.fixture
def left(below):
    """A run that nobody saw."""
    done = Script("left", {}, below=below, **OFFLINE).wait()
    done.expect(0)
    return done


def sync(home, done, folder):
    """`wandb sync`, as often as it is called."""
    run = next(tree(done).glob("offline-run-*"))
    done = subprocess.run(
        [sys.executable, "-m", "wandb", "sync", "--include-synced", str(run)],
        env=bare_environment() | folders(folder) | home.wandb_variables() | {"WANDB_ENTITY": ENTITY},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for mark in run.glob("*.synced"):
        mark.unlink()


def test_an_offline_run_with_all_that_is_in_it(left, other, tmp_path):
    before = sorted((str(path), path.stat().st_mtime_ns) for path in tree(left).rglob("*"))
    planned = take_in(other, tree(left), options=["--dry-run"])
    assert [(log["outcome"], log["rows"]) for log in planned] == [("imported", 42)], planned
    assert other.json("runs", "list")["runs"] == []
    logs = take_in(other, tree(left))
    assert [(log["outcome"], log["rows"], log["artifacts"]) for log in logs] == [("imported", 42, 2)], logs
    assert sorted((str(path), path.stat().st_mtime_ns) for path in tree(left).rglob("*")) == before
    with reading(other.wandb_variables(), tmp_path / "reads"):
        run = wandb.Api().run(f"{ENTITY}/left/{left.told['id']}")
        assert (run.name, run.state, run.tags) == ("behind", "finished", ["off"])
        assert run.config == {"rate": 3, "nest": {"a": 1}, "late": True}
        assert run.summary["best"] == 4 and run.summary["low"]["min"] == 1
        assert [row["_step"] for row in run.scan_history(keys=["n"])] == list(range(40))
        said = {line.content: line.level or None for line in run.console_logs()}
        assert said.items() >= {"said here": None, "and there": "error"}.items(), said
        with run.file("kept.txt").download(root=str(tmp_path)) as file:
            assert file.read() == "kept\n"
        model = wandb.Api().artifact(f"{ENTITY}/left/left-model:best")
        assert model.metadata == {"depth": 2} and model.logged_by().id == run.id
        assert (pathlib.Path(model.download(root=str(tmp_path / "model"), skip_cache=True)) / "weights.txt").read_text() == "weights\n"
        table = run.summary["rows"]["artifact_path"]
        assert table.startswith("wandb-client-artifact://")
        assert json.loads(run.file(run.summary["rows"]["path"]).download(root=str(tmp_path)).read())["data"] == [[1, "x"], [2, "y"]]
    shown = other.json("runs", "show", f"{ENTITY}/left/{left.told['id']}")
    assert "the loss is high" in json.dumps(shown)


@pytest.mark.parametrize("first", ["import", "sync"])
def test_beside_wandb_sync(first, left, other, tmp_path):
    def door(name, number):
        if name == "sync":
            sync(other, left, tmp_path / f"sync-{number}")
        else:
            take_in(other, tree(left))

    doors = ["import", "sync"] if first == "import" else ["sync", "import"]
    door(doors[0], 0)
    once = read(other, tmp_path / "once", "left")
    for number, name in enumerate(doors + doors):
        door(name, number + 1)
    # The client that sends again says the console's lines with the times of its sending.
    same(once, read(other, tmp_path / "again", "left"), but=("system",))
    with reading(other.wandb_variables(), tmp_path / "artifacts"):
        assert [version.version for version in wandb.Api().artifacts("model", f"{ENTITY}/left/left-model")] == ["v0"]


def test_a_killed_run_and_a_log_that_is_cut(below, other, tmp_path):
    script = Script("ends", {}, "killed", below=below, **OFFLINE)
    log = until(lambda: next((script.folder / "dir" / "wandb").glob("offline-run-*/*.wandb"), None), "a log")
    # The client writes whole blocks of 32 KiB.
    until(lambda: log.stat().st_size > 32 << 10 or None, "it is written", 120)
    script.process.kill()
    script.wait()
    bytes_ = log.read_bytes()
    cut = tmp_path / "cut" / log.parent.name / log.name
    cut.parent.mkdir(parents=True)
    cut.write_bytes(bytes_[: len(bytes_) * 2 // 3])
    part = take_in(other, cut.parent, code=None)
    whole = take_in(other, log.parent, code=None)
    run = f"{ENTITY}/ends/{script.peek()['id']}"
    rows = other.pannier("runs", "history", run, "--json")
    steps = [json.loads(line)["_step"] for line in rows.splitlines() if '"beat"' in line] or rows
    assert part[0]["rows"] > 0 and whole[0]["rows"] > 0, (part, whole)
    assert steps == sorted(set(steps)), "no step twice"
    assert other.json("runs", "show", run)["state"] == "running", "it is silent since a moment only"
    old = time.time() - 3600
    os.utime(log, (old, old))
    take_in(other, log.parent, code=None)
    assert other.json("runs", "show", run)["state"] == "crashed"


def test_damage_in_the_middle_costs_its_place(left, other, tmp_path):
    log = next(tree(left).glob("offline-run-*/*.wandb"))
    bytes_ = bytearray(log.read_bytes())
    bytes_[len(bytes_) // 2] ^= 0xFF
    copy = tmp_path / log.parent.name / log.name
    copy.parent.mkdir()
    copy.write_bytes(bytes_)
    logs = take_in(other, copy, code=1)
    assert logs[0]["outcome"] == "partly" and any("damaged" in problem for problem in logs[0]["problems"]), logs
    assert logs[0]["rows"] >= 40
    (tmp_path / "run-junk.wandb").write_bytes(b"junk" * 100)
    (tmp_path / "run-none.wandb").write_bytes(b"")
    junk = take_in(other, tmp_path / "run-junk.wandb", tmp_path / "run-none.wandb", code=1)
    assert set(outcomes(junk)) == {"failed"}


def test_what_is_missing_is_named(left, other):
    staged = left.folder / "data_dir" / "artifacts" / "staging"
    for path in staged.iterdir():
        path.unlink()
    logs = take_in(other, tree(left), code=1)
    assert logs[0]["outcome"] == "partly" and logs[0]["rows"] == 42
    assert any("left-model" in problem and str(staged) in problem for problem in logs[0]["problems"]), logs
    assert "left-model" in json.dumps(other.json("status")["problems"])


def test_two_offline_lives_of_one_run(below, other, tmp_path):
    lives = [Script("left", {}, "twice", below=below, **OFFLINE).wait() for _ in range(2)]
    for life in lives:
        life.expect(0)
    assert set(outcomes(take_in(other, *(tree(life) for life in reversed(lives))))) == {"imported"}
    once = read(other, tmp_path / "once", "left")
    assert len(once["twice"]["history"]) == 42, "the second life took the place of the first"
    for life in lives:
        assert set(outcomes(take_in(other, tree(life)))) == {"already_here"}
    same(once, read(other, tmp_path / "again", "left"))


def test_whose_it_becomes(left, other):
    logs = take_in(other, tree(left), options=["--entity", "others", "--project", "theirs"])
    assert logs[0]["run"]["entity"] == "others" and logs[0]["run"]["project"] == "theirs"


def test_a_live_offline_run_is_followed(below, other, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    other.pannier("watch", str(folder))
    script = Script("ends", {}, "waits", below=below, **OFFLINE, WANDB_DIR=str(folder))
    told = until(lambda: (script.peek() or {}).get("id") and script.peek(), "the script begins", 120)
    run = f"{ENTITY}/ends/{told['id']}"

    def last_step():
        listed = [found for found in other.json("runs", "list")["runs"] if found["run"] == told["id"]]
        return listed[0]["last_step"] if listed else None

    seen = until(lambda: last_step(), "rows are seen while it runs", 60)
    # The daemon dies, and goes on where it was.
    other.kill()
    other.start(PANNIER_ENTITY=ENTITY)
    until(lambda: (last_step() or 0) > seen, "more rows are seen", 60)
    assert other.json("runs", "show", run)["state"] == "running"
    assert [found["live"] for found in other.json("watch", "--list")["watched"]] == [1]
    script.process.send_signal(signal.SIGINT)
    script.process.wait(60)
    until(lambda: other.json("runs", "show", run)["state"] != "running", "its end is seen", 60)
    rows = other.pannier("runs", "history", run, "--json").splitlines()
    assert len(rows) >= seen
    assert set(outcomes(take_in(other, folder))) == {"already_here"}
    assert not list(folder.rglob("*.synced"))
    other.pannier("watch", "--remove", str(folder))
    assert other.json("watch", "--list")["watched"] == []
