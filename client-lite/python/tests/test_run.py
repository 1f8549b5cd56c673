"""`init` and `Run` over a session that only writes down what it is told."""

from __future__ import annotations

import copy
import json
import pathlib
import pickle
import sys
import tempfile
from typing import Any

import pytest

import pannier
from pannier import _current, _init, _lifecycle, _term
from pannier._settings import Settings
from pannier.errors import ConfigError, Error, UsageError


class FakeSession:
    """The native session's face."""

    url = "http://hub/team/p/runs/r1"
    home = "/home/x"
    config_json = "{}"
    summary_json = "{}"
    start_step = 0
    resumed = False

    def __init__(self, settings: Settings) -> None:
        self.entity = settings.entity or "local"
        self.project = settings.project or "?"
        self.run_id = settings.run_id or "r1"
        self.name = settings.run_name or "ember-falcon-7"
        self.step = 0
        self.rows: list[Any] = []
        self.changes: list[dict[str, Any]] = []
        self.definitions: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self.ends: list[tuple[int, str]] = []

    def log(self, data: Any, step: int | None = None, commit: bool | None = None) -> None:
        self.rows.append(data)
        self.step += 1

    def change(self, text: str) -> None:
        self.changes.append(json.loads(text))

    def define(self, text: str) -> None:
        self.definitions.append(json.loads(text))

    def console(self, stream: int, line: int, text: str) -> None:
        self.lines.append(text)

    def current_summary(self) -> str:
        return json.dumps(self.rows[-1] if self.rows else {})

    def finish(self, exit_code: int, state: str, timeout_s: float) -> bool:
        self.ends.append((exit_code, state))
        return True

    def request(self, method: str, path: str, body: bytes, timeout: float) -> tuple[int, bytes]:
        return 200, json.dumps({"tags": ["kept"], "notes": path}).encode()

    def of(self, kind: str) -> list[Any]:
        return [change.get("set", change) for change in self.changes if change["change"] == kind]


@pytest.fixture(autouse=True)
def sessions(monkeypatch: pytest.MonkeyPatch) -> Any:
    made: list[FakeSession] = []

    def open_session(settings: Settings) -> FakeSession:
        made.append(FakeSession(settings))
        return made[-1]

    monkeypatch.setattr(_init, "open_session", open_session)
    monkeypatch.setattr(_lifecycle, "_installed", True)
    yield made
    for run in _lifecycle.active():
        run.finish()
    assert _current.run is None


def test_before_init() -> None:
    with pytest.raises(Error, match=r"You must call pannier\.init\(\) before pannier\.log\(\)"):
        pannier.log({"a": 1})
    with pytest.raises(Error, match=r"before pannier\.config\.lr"):
        _ = pannier.config.lr
    with pytest.raises(Error, match=r"before pannier\.summary\['x'\]"):
        pannier.summary["x"] = 1
    with pytest.raises(Error, match=r"before pannier\.save\(\)"):
        pannier.save("x")
    with pytest.raises(AttributeError, match="has no 'Nonsense'"):
        _ = pannier.Nonsense
    assert pannier.run is None
    assert not hasattr(pannier.config, "__wrapped__")
    pannier.finish()


def test_module_names_follow_the_run(sessions: list[FakeSession]) -> None:
    run = pannier.init(project="p", config={"lr": 1})
    assert pannier.run is run
    run.log({"b": 2})
    pannier.log({"a": 1})
    pannier.config.bs = 2
    assert pannier.summary["a"] == 1
    assert pannier.define_metric("a", summary="max").summary == ("max",)
    pannier.finish()
    assert pannier.run is None
    assert sessions[0].rows == [{"b": 2}, {"a": 1}]
    assert sessions[0].of("config") == [{"lr": 1}, {"bs": 2}]
    assert sessions[0].ends == [(0, "finished")]


def test_what_is_recorded_at_the_start(sessions: list[FakeSession]) -> None:
    pannier.init(settings={"disable_git": True}).finish()
    (facts,) = sessions[0].of("metadata")
    assert facts["program"]["git"] is False
    assert sessions[0].project == "uncategorized"
    pannier.init(settings={"x_disable_meta": True}).finish()
    assert sessions[1].of("metadata") == []


def test_console(sessions: list[FakeSession]) -> None:
    with pannier.init() as run:
        print("hello")
        run.write_logs("by hand\n")
    print("after")
    with pannier.init(settings=Settings(console="off")):
        print("off")
    assert sessions[0].lines == ["hello", "by hand"]
    assert sessions[1].lines == []


def test_an_exception_ends_the_run_as_failed(sessions: list[FakeSession]) -> None:
    with pytest.raises(ValueError, match="boom"), pannier.init():
        raise ValueError("boom")
    assert sessions[0].ends == [(1, "failed")]
    assert sessions[0].lines[-1] == "ValueError: boom"
    for code, expected in [(0, 0), (None, 0), (3, 3), ("bad", 1)]:
        with pytest.raises(SystemExit), pannier.init():
            sys.exit(code)
        assert sessions[-1].ends[0][0] == expected
    with pytest.raises(KeyboardInterrupt), pannier.init():
        raise KeyboardInterrupt
    assert sessions[-1].ends == [(130, "failed")]


def test_a_run_that_is_preempted_has_not_failed(sessions: list[FakeSession]) -> None:
    run = pannier.init()
    run.mark_preempting()
    run.finish(exit_code=15)
    run.finish()
    assert sessions[0].of("metadata")[-1] == {"preempting": True}
    assert sessions[0].ends == [(15, "preempted")]


def test_reinit(sessions: list[FakeSession], capsys: pytest.CaptureFixture[str]) -> None:
    first = pannier.init(config={"lr": 1})
    assert pannier.init(config={"lr": 2}) is first
    assert "returns run ember-falcon-7, which is active" in capsys.readouterr().err
    assert first.config.lr == 2
    assert pannier.init(reinit=False) is first
    other = pannier.init(reinit="create_new")
    assert other is not first
    assert pannier.run is first
    with pytest.raises(Error, match="is still active"):
        pannier.init(id="x", resume="must")
    last = pannier.init(reinit=True)
    assert [len(session.ends) for session in sessions] == [1, 1, 0]
    assert pannier.run is last
    pannier.teardown()
    assert pannier.run is None


def test_names(sessions: list[FakeSession]) -> None:
    run = pannier.init(entity="team", project="p", tags=["a"], group="g", job_type="train")
    assert run.path == "team/p/r1"
    assert run.project_url == "http://hub/team/p"
    assert (run.group, run.job_type, run.notes) == ("g", "train", None)
    run.tags += ("b",)
    run.name = "new"
    run.notes = "n"
    assert (run.tags, run.name, run.notes) == (("a", "b"), "new", "n")
    assert [change["fields"] for change in sessions[0].of("fields")] == [
        {"tags": ["a", "b"]},
        {"name": "new"},
        {"notes": "n"},
    ]
    with pytest.raises(UsageError):
        run.tags = [1]
    run.finish()


def test_a_resumed_run_asks_for_its_earlier_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSession, "resumed", True)
    monkeypatch.setattr(FakeSession, "config_json", '{"lr": 1, "opt": {"a": 1}}')
    with pannier.init(project="p q", resume="allow", config={"opt": {"b": 2}}) as run:
        assert run.config.as_dict() == {"lr": 1, "opt": {"a": 1, "b": 2}}
        assert run.tags == ("kept",)
        assert run.notes == "/v1/runs/local/p%20q/r1"


def test_define_metric(sessions: list[FakeSession]) -> None:
    with pannier.init() as run:
        epoch = run.define_metric("epoch", hidden=True)
        run.define_metric("val/*", step_metric=epoch, summary="min, max", goal="maximize")
        again = run.define_metric("val/*", summary="best")
        assert (again.step_metric, again.goal, again.summary) == ("epoch", "maximize", ("best",))
        run.define_metric("val/*", overwrite=True)
        with pytest.raises(UsageError, match="may only stand at the end"):
            run.define_metric("*/loss")
        with pytest.raises(UsageError, match="summary must be of min"):
            run.define_metric("a", summary="median")
        with pytest.raises(UsageError, match="goal must be"):
            run.define_metric("a", goal="up")
    assert sessions[0].definitions[1] == {
        "name": "val/*",
        "step_metric": "epoch",
        "shown": {"min": True, "max": True},
        "maximize": True,
        "hidden": False,
    }
    assert sessions[0].definitions[3]["shown"] == {}


def test_alert(sessions: list[FakeSession], capsys: pytest.CaptureFixture[str]) -> None:
    with pannier.init() as run:
        run.alert("Low", "accuracy", level=pannier.AlertLevel.WARN)
        run.alert("Low", "again")
        run.alert("Low", "at once", wait_duration=0)
        with pytest.raises(UsageError, match="level must be"):
            run.alert("x", "y", level="LOUD")
    alerts = sessions[0].of("metadata")[-1]["alerts"]
    assert [(a["level"], a["text"]) for a in alerts] == [("WARN", "accuracy"), ("INFO", "at once")]
    assert "alert (WARN): Low: accuracy" in capsys.readouterr().err


def test_config_rules_reach_the_run() -> None:
    with pannier.init(config={"lr": 1}) as run:
        with pytest.raises(ConfigError):
            run.config.lr = 2
        run.config = {"bs": 1}
        assert run.config_static["bs"] == 1
    with pannier.init(config={"lr": 1}, allow_val_change=True) as run:
        run.config.lr = 2


def test_resume_auto(sessions: list[FakeSession], tmp_path: pathlib.Path) -> None:
    kept = tmp_path / ".pannier" / "resume-p.json"
    pannier.init(project="p", id="r9", resume="auto").finish(exit_code=1)
    assert kept.exists()
    pannier.init(project="p", resume=True).finish()
    assert sessions[1].run_id == "r9"
    assert not kept.exists()
    pannier.init(project="p", resume="auto").finish(exit_code=1)
    assert sessions[2].run_id == "r1"


def test_usage_errors() -> None:
    with pytest.raises(UsageError, match="needs id="):
        pannier.init(resume="must")
    with pytest.raises(UsageError, match="mode must be one of"):
        pannier.init(mode="x")
    with pytest.raises(UsageError, match="fork_from is not in this version"):
        pannier.init(fork_from="r1?_step=3")
    with pytest.raises(UsageError, match="not both"):
        pannier.init(config={}, config_include_keys=["a"], config_exclude_keys=["b"])
    assert _lifecycle.active() == []


def test_arguments_that_only_wandb_needs() -> None:
    pannier.login(key="x", relogin=True)
    pannier.setup()
    pannier.require("core")
    pannier.init(force=True, save_code=True, monitor_gym=True, anonymous="allow").finish()


def test_what_is_not_there_yet_says_so() -> None:
    with pannier.init() as run:
        for call in (run.watch, run.log_code):
            with pytest.raises(NotImplementedError, match="which this version of pannier does not"):
                call("x")
        with pytest.raises(NotImplementedError, match="log_code"):
            pannier.log_code("x")
        run.unwatch()


def test_disabled(sessions: list[FakeSession], capsys: pytest.CaptureFixture[str]) -> None:
    with pannier.init(mode="disabled", project="p", config={"lr": 1}) as run:
        run.log({"a": 1.5, "t": object()})
        run.log({"a": 2.5}, step=7)
        pannier.log({"b": 1})
        run.define_metric("a", summary="max")
        run.alert("x", "y")
        run.log_artifact(__file__, name="x")
        run.watch("model")
        run.tags += ("t",)
        run.config.bs = 2
        run.summary["best"] = 1
        assert run.summary["a"] == 2.5
        assert run.status().sync_items_total is None
        assert (run.disabled, run.step, run.config.lr) == (True, 8, 1)
    assert sessions == []
    assert capsys.readouterr().err == ""


def test_silence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_QUIET", "1")
    pannier.init().finish()
    assert capsys.readouterr().err == ""
    _term.warn("heard")
    monkeypatch.setenv("WANDB_QUIET", "0")
    monkeypatch.setenv("WANDB_SILENT", "true")
    pannier.init().finish()
    _term.warn("unheard")
    assert capsys.readouterr().err == "pannier: warning: heard\n"
    pannier.init(settings=Settings(silent=False)).finish()
    assert "safe here" in capsys.readouterr().err


def test_lines_at_start_and_end(capsys: pytest.CaptureFixture[str]) -> None:
    with pannier.init(project="p") as run:
        for i in range(1200):
            run.log({"i": i})
    first, last = capsys.readouterr().err.splitlines()
    assert first == (
        "pannier: run ember-falcon-7 (r1) started in local/p; see http://hub/team/p/runs/r1"
    )
    assert last == "pannier: run ember-falcon-7 finished; 1,200 steps safe here"


def test_dir_is_there(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pannier.init(dir=tmp_path / "d") as run:
        assert pathlib.Path(run.dir).is_dir()
        assert pathlib.Path(run.dir).is_relative_to(tmp_path / "d")
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pannier.init(dir=tmp_path / "file") as run:
        assert pathlib.Path(run.dir).is_dir()


def test_a_broken_session_does_not_stop_the_finish(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_args: object) -> bool:
        raise OSError("disk full")

    monkeypatch.setattr(FakeSession, "finish", fail)
    pannier.init().finish()
    assert "did not end cleanly: disk full" in capsys.readouterr().err


def test_copies_and_pickles() -> None:
    with pannier.init(project="p") as run:
        assert copy.deepcopy({"run": run})["run"] is run
        with pytest.raises(TypeError, match="mode='shared'"):
            pickle.dumps(run)


def test_errors_survive_pickling() -> None:
    again = pickle.loads(pickle.dumps(UsageError("text")))
    assert (str(again), again.message) == ("text", "text")
