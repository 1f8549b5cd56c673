"""Owns what a run is called and where it belongs: the properties of `Run`.

Names can change during a run's life; each change is published at once. What an
earlier life of a resumed run was called is asked of the daemon when it is needed.
"""

from __future__ import annotations

import json
import os
import time

from . import _settings
from ._session import NoSession
from ._values import dumps, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ._session import AnySession
    from ._settings import Settings

_ASK_S = 2.0


class Names:
    """Base of `Run`."""

    def __init__(self, session: AnySession, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._disabled = isinstance(session, NoSession)
        self._start_time = time.time()
        self._name = session.name
        self._fields: dict[str, Any] = {
            "group": settings.run_group,
            "job_type": settings.run_job_type,
            "notes": settings.run_notes,
            "tags": settings.run_tags,
        }
        self._asked = not session.resumed
        self._dir: str | None = None

    @property
    def id(self) -> str:
        """The run's id, unique within its project."""
        return self._session.run_id

    @property
    def entity(self) -> str:
        """Whose run it is."""
        return self._session.entity

    @property
    def project(self) -> str:
        """The project it belongs to."""
        return self._session.project

    @property
    def path(self) -> str:
        """`entity/project/id`."""
        return f"{self.entity}/{self.project}/{self.id}"

    @property
    def name(self) -> str:
        """The name people see."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = str(name)
        self._publish_fields(name=self._name)

    @property
    def notes(self) -> str | None:
        """Free text about the run."""
        notes: str | None = self._field("notes")
        return notes

    @notes.setter
    def notes(self, notes: str) -> None:
        self._publish_fields(notes=str(notes))

    @property
    def tags(self) -> tuple[str, ...]:
        """Its labels; set it to replace them all, or `run.tags += ("x",)`."""
        return tuple(self._field("tags") or ())

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._publish_fields(tags=_settings.tags("tags", tags))

    @property
    def group(self) -> str:
        """The group it is shown with; empty for none."""
        return self._field("group") or ""

    @property
    def job_type(self) -> str:
        """`train`, `eval`, …; empty for none."""
        return self._field("job_type") or ""

    @property
    def url(self) -> str | None:
        """Where people can look at it, if there is such a place."""
        return self._session.url

    @property
    def project_url(self) -> str | None:
        """Where people can look at the project, if there is such a place."""
        url = self.url
        return url.rpartition("/runs/")[0] if url and "/runs/" in url else None

    @property
    def step(self) -> int:
        """The step of the next `log`."""
        return self._session.step

    @property
    def starting_step(self) -> int:
        """The first step of this life of the run."""
        return self._session.start_step

    @property
    def start_time(self) -> float:
        """When this life began, in seconds since 1970."""
        return self._start_time

    @property
    def resumed(self) -> bool:
        """Whether an earlier life is continued."""
        return self._session.resumed

    @property
    def offline(self) -> bool:
        """Whether `mode="offline"` was asked for; it is recorded all the same."""
        return self._settings.mode == "offline"

    @property
    def disabled(self) -> bool:
        """Whether this run records nothing."""
        return self._disabled

    @property
    def settings(self) -> Settings:
        """What `init` was told."""
        return self._settings

    @property
    def sweep_id(self) -> None:
        """There are no sweeps yet."""
        return None

    @property
    def sweep_url(self) -> None:
        """There are no sweeps yet."""
        return None

    @property
    def dir(self) -> str:
        """A directory for the run's own files, made when it is first asked for.

        What is put there stays there; `save()` makes it a file of the run.
        """
        if self._dir is None:
            root = self._settings.root_dir or _settings.working_directory()
            self._dir = os.path.join(root, ".pannier", f"run-{self.id}", "files")
            try:
                os.makedirs(self._dir, exist_ok=True)
            except OSError:
                import tempfile

                self._dir = tempfile.mkdtemp(prefix=f"pannier-{self.id}-")
        return self._dir

    def _field(self, name: str) -> Any:
        if self._fields[name] is None and not self._asked:
            self._asked = True
            self._ask()
        return self._fields[name]

    def _ask(self) -> None:
        """Learns what earlier lives of the run were called."""
        try:
            from urllib.parse import quote

            route = "/v1/runs/" + quote(self.path)
            status, body = self._session.request("GET", route, b"", _ASK_S)
            known = json.loads(body) if status == 200 else {}
        except (OSError, ValueError):
            return
        for name, value in self._fields.items():
            if value is None:
                self._fields[name] = known.get(name)

    def _publish_fields(self, **fields: Any) -> None:
        self._fields.update({k: v for k, v in fields.items() if k in self._fields})
        self._session.change(dumps({"change": "fields", "fields": plain(fields)}))
