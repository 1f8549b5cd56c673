"""Owns `resume="auto"`: the id of a project's last unfinished run, kept in
`.pannier/resume-PROJECT.json` of the working directory.

The file is written at `init` and removed when the run finishes with exit code
0, so that what is found there is a run that did not get to its end.
"""

from __future__ import annotations

import json
import os

from . import _term


class ResumeFile:
    """The file of one project in one directory. No method raises."""

    def __init__(self, directory: str, entity: str | None, project: str) -> None:
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in project)
        self.path = os.path.join(directory, ".pannier", f"resume-{safe}.json")
        self._entity = entity
        self._project = project

    def load(self) -> str | None:
        """The id of the run to continue, if there is one."""
        try:
            with open(self.path, encoding="utf-8") as file:
                kept = json.load(file)
            if kept["project"] != self._project or kept.get("asked_entity") != self._entity:
                return None
            return str(kept["run_id"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _term.warn(f"cannot read {self.path}, so a new run begins: {error}")
            return None

    def save(self, run_id: str) -> None:
        """Remembers the run, whole or not at all."""
        kept = {"project": self._project, "asked_entity": self._entity, "run_id": run_id}
        draft = f"{self.path}.{os.getpid()}.tmp"
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            with open(draft, "w", encoding="utf-8") as file:
                json.dump(kept, file)
            os.replace(draft, self.path)
        except OSError as error:
            _term.warn(
                f"cannot write {self.path}, so resume='auto' will not find this run"
                f" ({error}); pass dir= a writable directory, or id= and resume='allow'"
            )

    def forget(self, run_id: str) -> None:
        """Removes the file, unless another run has taken it since."""
        if self.load() != run_id:
            return
        try:
            os.unlink(self.path)
        except OSError as error:
            _term.warn(f"cannot remove {self.path} ({error}); the next run will resume this one")
