"""Owns `Run.save` and `Run.restore`: files that belong to a run.

`now` is a snapshot at the call. `end` is taken when the run ends. `live` is taken at
the call, and again when the run ends if the file has changed; nobody watches files in
between, for that would take a thread in the training process.
"""

from __future__ import annotations

import contextlib
import os

from . import _term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

    from ._run import Run
    from ._session import AnySession

POLICIES = ("live", "now", "end")


class SavedFiles:
    """The files that a run is to have."""

    def __init__(self, session: AnySession) -> None:
        self._session = session
        self._at_end: dict[str, str] = {}
        self._seen: dict[str, tuple[int, int, int]] = {}

    def add(self, path: str, local: str, policy: str) -> None:
        """A file of this machine that is `path` in the run."""
        if policy != "now":
            self._at_end[path] = local
        else:
            self._at_end.pop(path, None)
        if policy != "end":
            self._take(path, local)

    def finish(self) -> None:
        """Takes what has changed since, and what was meant for the end."""
        for path, local in self._at_end.items():
            try:
                self._take(path, local)
            except (OSError, ValueError) as error:
                _term.warn(f"{local} was to be saved with the run, but could not be: {error}")
        self._at_end.clear()

    def _take(self, path: str, local: str) -> None:
        status = os.stat(local)
        state = (status.st_ino, status.st_size, status.st_mtime_ns)
        if self._seen.get(path) != state:
            self._session.log_file(path, local)
            self._seen[path] = state


class RunFiles:
    """Base of `Run`."""

    _session: AnySession
    _disabled: bool
    _saved: SavedFiles | None
    dir: Any
    path: Any

    def save(
        self,
        glob_str: str | os.PathLike[str],
        base_path: str | os.PathLike[str] | None = None,
        policy: str = "live",
        glob: bool = True,
    ) -> list[str]:
        """Makes files part of the run, and returns where they are.

        `glob_str` is a path or a pattern. A file is called by its path from
        `base_path`, which is the working directory unless given, or for an absolute
        path the parent of its folder. `policy`: `now` takes it as it is, `end` when the
        run ends, `live` both.
        """
        import glob as globbing

        if policy not in POLICIES:
            raise ValueError('Only "live", "end" and "now" policies are currently supported.')
        wanted = os.fsdecode(glob_str)
        if wanted.startswith(("gs://", "s3://")):
            _term.say(f"{wanted} is a cloud storage url, can't save file to the run")
            return []
        pattern = os.path.abspath(wanted)
        if base_path is not None:
            base = os.path.abspath(os.fsdecode(base_path))
        elif os.path.isabs(wanted):
            base = os.path.dirname(os.path.dirname(pattern))
        else:
            base = os.path.abspath(".")
        if os.path.commonpath([pattern, base]) != base or pattern == base:
            raise ValueError(f"{wanted!r} is not inside {base!r}; give a base_path that holds it")
        found = sorted(globbing.glob(pattern)) if glob else [pattern]
        files = [path for path in found if os.path.isfile(path)]
        if self._saved is None:
            self._saved = SavedFiles(self._session)
        for file in files:
            name = os.path.relpath(file, base).replace(os.sep, "/")
            self._saved.add(name, file, policy)
        return files

    def restore(
        self,
        name: str,
        run_path: str | None = None,
        replace: bool = False,
        root: str | None = None,
    ) -> TextIO | None:
        """Fetches a file of this run, or of the run `run_path`, to `root` or `dir`, and
        opens it; None where the run has no such file."""
        return restore(self, name, run_path or self.path, replace, root or self.dir)


def restore(
    run: Run | RunFiles | None,
    name: str,
    run_path: str | None,
    replace: bool,
    root: str | None,
) -> TextIO | None:
    """See `pannier.restore`."""
    if run_path is None:
        if run is None:
            raise ValueError("run_path required when calling pannier.restore before pannier.init")
        run_path = run.path
    folder = root or (os.getcwd() if run is None else run.dir)
    path = os.path.join(folder, name)
    if os.path.exists(path) and not replace:
        return open(path)
    if run is not None and run._disabled:
        return None
    from ._api.api import Api

    files = Api().run(run_path).files([name])
    with contextlib.suppress(IndexError):
        return files[0].download(folder, replace=True)
    return None
