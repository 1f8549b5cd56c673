"""Owns how a run gets its native session, and what stands in for one.

`open_session` finds the daemon's binary and turns what `init` was told into the
native side's options. `NoSession` has the same face and does nothing: it serves
`mode="disabled"`, and keeps training going where a run cannot be recorded.
"""

from __future__ import annotations

import json
import os
import sys

from . import _term
from ._settings import Settings
from ._values import encode
from .errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Union

    from ._native import Session

    AnySession = Union[Session, "NoSession"]


def open_session(settings: Settings) -> AnySession:
    """A session for a new life of a run.

    Raises `UsageError` for names that are refused, for resume="must" without
    the run and resume="never" with it; for nothing else.
    """
    from . import _native

    fields = {
        "name": settings.run_name,
        "group": settings.run_group,
        "job_type": settings.run_job_type,
        "notes": settings.run_notes,
        "tags": list(settings.run_tags) if settings.run_tags is not None else None,
    }
    options = {
        "entity": settings.entity,
        "project": settings.project,
        "run": settings.run_id,
        "resume": _resume(settings),
        "fields": {name: value for name, value in fields.items() if value is not None},
        "remote": settings.remote,
        "daemon": settings.daemon,
        "bin": find_binary(),
    }
    try:
        return _native.Session.open(json.dumps(options), encode, _term.warn)
    except _native.Refused as refusal:
        raise UsageError(str(refusal)) from None
    except Exception as error:
        _term.warn(f"this run is NOT recorded: {error}")
        return NoSession(settings)


def _resume(settings: Settings) -> str:
    if settings.resume == "auto":  # the id, where there is one, comes from the resume file
        return "allow"
    if settings.resume is None:
        # Many writers of one run: whoever comes second joins the first.
        return "allow" if settings.mode == "shared" else "no"
    return settings.resume


def find_binary() -> str | None:
    """The daemon's binary: `PANNIER_BIN`, the one installed with this package, or
    one on the PATH."""
    chosen = os.environ.get("PANNIER_BIN")
    if chosen:
        return chosen
    packages = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [
        # PREFIX/lib/python3.x/site-packages: a venv, the user's scheme, the system's
        os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(packages))), "bin"),
        os.path.join(packages, "bin"),  # pip install --target
        os.path.dirname(sys.executable or ""),
        *os.environ.get("PATH", "").split(os.pathsep),
    ]
    for folder in folders:
        path = os.path.join(folder, "pannier")
        if folder and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


class NoSession:
    """A session that records nothing and remembers just enough to be read back."""

    url = None
    resumed = False
    start_step = 0
    config_json = "{}"
    summary_json = "{}"
    home = ""
    socket = ""

    def __init__(self, settings: Settings) -> None:
        self.entity = settings.entity or "local"
        self.project = settings.project or "uncategorized"
        self.run_id = settings.run_id or _random_id()
        self.name = settings.run_name or f"dummy-{self.run_id}"
        self.step = 0
        self._last: dict[str, Any] = {}

    def log(
        self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None
    ) -> None:
        if isinstance(step, int) and step >= self.step:
            self.step = step
        if isinstance(data, dict):
            for key, value in data.items():
                if isinstance(value, (bool, int, float, str)):
                    self._last[str(key)] = value
        if commit if step is not None else commit is not False:
            self.step += 1

    def change(self, json: str) -> None:
        pass

    def define(self, json: str) -> None:
        pass

    def console(self, stream: int, line: int, text: str) -> None:
        pass

    def log_artifact(self, json: str, files: list[tuple[str, str]]) -> None:
        pass

    def log_file(self, path: str, local: str) -> None:
        pass

    def await_artifact(self, client_id: str, timeout_s: float) -> str:
        raise ConnectionError("this run is not recorded, so there is no artifact to wait for")

    def current_summary(self) -> str:
        from ._values import dumps, plain

        return dumps(plain(self._last))

    def finish(self, exit_code: int, state: str | None = None, timeout_s: float = 2.0) -> bool:
        return True

    def request(self, method: str, path: str, body: bytes, timeout_s: float) -> tuple[int, bytes]:
        raise ConnectionError("this run is not recorded, so there is no daemon to ask")


def _random_id() -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(alphabet[byte % 36] for byte in os.urandom(8))
