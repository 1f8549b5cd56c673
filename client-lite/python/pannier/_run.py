"""Owns `Run`: one life of a run, as the training program holds it.

It gives W&B's names to what the native session does, and keeps what only Python
sees: config, summary, console capture. `log` is the session's own method, and what
comes of a row that has media in it.
"""

from __future__ import annotations

import json
import os

from . import _console, _current, _lifecycle, _metadata, _term
from ._config import Config, from_user, merge
from ._later import Later
from ._metric import Metric, define
from ._names import Names
from ._run_artifacts import RunArtifacts
from ._run_files import RunFiles
from ._session import NoSession
from ._settings import Settings
from ._summary import Summary
from ._values import HasMedia, dumps, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from types import TracebackType
    from typing import Any, NoReturn

    from ._alert import AlertLevel, Alerts
    from ._api.api import Api
    from ._resume import ResumeFile
    from ._run_files import SavedFiles
    from ._session import AnySession
    from ._status import RunStatus


class Run(Names, RunArtifacts, RunFiles, Later):
    """A run; made by `pannier.init`."""

    def __init__(
        self,
        session: AnySession,
        settings: Settings,
        config: dict[str, Any],
        resume_file: ResumeFile | None = None,
    ) -> None:
        Names.__init__(self, session, settings)
        # Bound once, for it is called at every step.
        self.__dict__["log"] = _logger(self, session.log)
        self._pid = os.getpid()
        self._finished = False
        self._preempting = False
        self._resume_file = resume_file
        self._console: _console.Capture | None = None
        self._definitions: dict[str, dict[str, Any]] = {}
        self._alerts: Alerts | None = None
        self._api: Api | None = None
        self._saved: SavedFiles | None = None
        items = json.loads(session.config_json)
        merge(items, config)
        if config:
            session.change(dumps({"change": "config", "set": config}))
        self._config = Config(items, self._publish_config, settings.allow_val_change)
        self._summary = Summary(
            json.loads(session.summary_json), session.current_summary, self._publish_summary
        )

    def _start(self) -> None:
        """Begins to record what the process is and says."""
        _lifecycle.started(self)
        if self._disabled:
            return
        if not self._settings.x_disable_meta:
            facts = _metadata.gather(not self._settings.disable_git, self._start_time)
            self._session.change(dumps({"change": "metadata", "set": plain(facts)}))
        if self._settings.console != "off":
            self._console = _console.start(self._session.console)

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
    ) -> None:
        """Records a row of metrics at the current step, and goes on to the next.

        The row is on its way to disk when this returns, and survives the death
        of this process. With `step`, it is recorded there; a step that has
        passed is refused with a warning. With `commit=False` the next call adds
        to the same row. Nested dicts become dotted keys.
        """
        _logger(self, self._session.log)(data, step, commit)

    @property
    def config(self) -> Config:
        """The run's hyperparameters."""
        return self._config

    @config.setter
    def config(self, source: object) -> None:
        self._config.update(source)

    @property
    def config_static(self) -> Mapping[str, Any]:
        """A view of the config that cannot be changed."""
        from types import MappingProxyType

        return MappingProxyType(self._config.as_dict())

    @property
    def summary(self) -> Summary:
        """What the run came to: the last value of each metric, and what is set here."""
        return self._summary

    def define_metric(
        self,
        name: str,
        step_metric: str | Metric | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> Metric:
        """Says how a metric is drawn and what the summary keeps of it.

        `name` may end in `*`. `summary` is a list, with commas, of min, max,
        mean, best, last and none. `step_sync` is accepted for W&B's sake: the
        step metric is looked up by step, whether or not it is in the same row.
        """
        earlier = None if overwrite else self._definitions.get(name)
        rule = define(name, step_metric, hidden, summary, goal, earlier)
        self._definitions[name] = rule
        self._session.define(dumps(rule))
        return Metric(rule)

    def alert(
        self,
        title: str,
        text: str,
        level: str | AlertLevel | None = None,
        wait_duration: float | timedelta | None = None,
    ) -> None:
        """Prints and records an alert; one of the same title at most once in `wait_duration`."""
        if self._alerts is None:
            from ._alert import Alerts

            self._alerts = Alerts()
        alert = self._alerts.add(str(title), str(text), level, wait_duration)
        if alert is not None and not self._disabled:
            _term.say(f"alert ({alert['level']}): {title}: {text}")
            self._publish_metadata(alerts=self._alerts.kept)

    def mark_preempting(self) -> None:
        """Says that this process is about to be taken away; its end is then no failure."""
        self._preempting = True
        self._publish_metadata(preempting=True)

    def write_logs(self, text: str) -> None:
        """Adds text to the console log without printing it."""
        if self._console is not None and not self._finished:
            self._console.feed(0, text)

    def status(self) -> RunStatus:
        """How much of this run is still to be sent to its remotes."""
        from ._status import of

        return of(self._session)

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """Ends the run. Returns when it is safe on this machine; upload goes on after.

        In a child forked from the process that opened the run, it does nothing.
        """
        if self._finished or self._pid != os.getpid():
            return
        self._finished = True
        code = int(exit_code or 0)
        if self._console is not None:
            self._console.stop()
        if self._saved is not None:
            self._saved.finish()
        state = "finished" if code == 0 else "preempted" if self._preempting else "failed"
        try:
            safe = self._session.finish(code, state, self._settings.finish_timeout)
        except Exception as error:
            safe = False
            _term.warn(f"run {self.name} did not end cleanly: {error}")
        if self._resume_file is not None and code == 0:
            self._resume_file.forget(self.id)
        _lifecycle.ended(self)
        if _current.run is self:
            _current.run = None
        if not (self._disabled or quiet):
            _term.say(self._last_line(state, safe))

    def join(self, exit_code: int | None = None) -> None:
        """Another name of `finish`."""
        self.finish(exit_code)

    def _last_line(self, state: str, safe: bool) -> str:
        steps = self.step - self.starting_step
        line = f"run {self.name} {state}; {steps:,} step{'' if steps == 1 else 's'}"
        if safe:
            return f"{line} safe here"
        return f"{line}, not all known to be on disk → pannier status"

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pid != os.getpid():
            return
        if kind is not None and not issubclass(kind, SystemExit):
            # Python prints it once the run is over; its console log should have it, too.
            import traceback

            self.write_logs("".join(traceback.format_exception(kind, error, trace)))
        self.finish(exit_code=_lifecycle.exit_code_of(kind, error))

    def __repr__(self) -> str:
        return f"<pannier.Run {self.path} ({self.name})>"

    def __deepcopy__(self, memo: object) -> Run:
        return self  # trainers copy their state, and mean the same run by it

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a run cannot be pickled; send run.id to the other process, and there call"
            f" pannier.init(project={self.project!r}, id=..., mode='shared')"
        )

    def _publish_config(self, new: dict[str, Any]) -> None:
        self._session.change(dumps({"change": "config", "set": new}))

    def _publish_summary(self, new: dict[str, Any], remove: list[str]) -> None:
        self._session.change(dumps({"change": "summary", "set": new, "remove": remove}))

    def _publish_metadata(self, **facts: Any) -> None:
        self._session.change(dumps({"change": "metadata", "set": plain(facts)}))


def _logger(run: Run, native: Callable[..., None]) -> Callable[..., None]:
    """The session's own `log`, and what comes of a row that has media in it."""

    def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
        try:
            native(data, step, commit)
        except HasMedia:
            from ._media.rows import log as log_row

            log_row(run, data, step, commit)

    return log


def disabled_run(settings: Settings, config: object) -> Run:
    """A run that accepts everything and does nothing."""
    return Run(NoSession(settings), settings, from_user(config))
