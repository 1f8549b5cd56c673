"""Owns private copies of files that are in an artifact but not logged yet.

Small ones are remembered, and written only if the file they are of has changed when
they are logged: making a file costs more than reading one. Others lie in the home,
beside the spool, so that logging them can share their bytes. What a killed program
left there is removed by the next one of this machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import weakref
from itertools import count

#: ioctl of Linux: the same bytes, shared until one of the two files changes.
_FICLONE = 0x40049409

#: Files up to this size are remembered, up to so many bytes of an artifact.
_SMALL = 1 << 16
_REMEMBERED_MAX = 1 << 26

_swept = False


class Staging:
    """A folder that lives as long as its owner, or until it is closed."""

    def __init__(self, owner: object) -> None:
        self._owner = weakref.ref(owner)
        self._folder: str | None = None
        self._remove: weakref.finalize[..., object] | None = None
        # Any thread may make the next one.
        self._count = count(1)
        self._remembered = 0

    def remember(self, source: str) -> bytes | None:
        """The content of a file that is small enough."""
        with open(source, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > min(_SMALL, _REMEMBERED_MAX - self._remembered):
                return None
            content = file.read(_SMALL + 1)
        if len(content) > _SMALL:
            return None
        self._remembered += len(content)
        return content

    def unchanged(self, source: str, content: bytes) -> str:
        """A file with this content: the one that it is of, where that still has it."""
        try:
            with open(source, "rb", buffering=0) as file:
                if file.read(len(content) + 1) == content:
                    return source
        except OSError:
            pass
        return self.keep(content)

    def keep(self, content: bytes) -> str:
        """A file with this content."""
        target = self._next()
        with open(target, "xb") as file:
            file.write(content)
        return target

    def copy(self, source: str) -> str:
        """A copy of a file as it is now: at once where the file system shares bytes."""
        target = self._next()
        with open(source, "rb") as read, open(target, "xb") as write:
            if not _shared(read.fileno(), write.fileno()):
                shutil.copyfile(source, target)
        return target

    def _next(self) -> str:
        return os.path.join(self._made(), f"copy-{next(self._count)}")

    def _made(self) -> str:
        if self._folder is None:
            self._folder = _make()
            self._remove = weakref.finalize(self._owner(), _remove, self._folder, os.getpid())
        return self._folder

    def close(self) -> None:
        """Removes it, now that its files are safe elsewhere."""
        if self._remove is not None:
            self._remove()

    def place(self, name: str) -> str:
        """Where a new file of this name is to be written."""
        path = os.path.join(self._made(), "new", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path


def _shared(source: int, target: int) -> bool:
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def _make() -> str:
    prefix = f"{socket.gethostname()}-{os.getpid()}-"
    folder = os.path.join(_home(), "staging")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        _sweep(folder)
        return tempfile.mkdtemp(prefix=prefix, dir=folder)
    except OSError:
        return tempfile.mkdtemp(prefix=f"pannier-{prefix}")


def _home() -> str:
    """As the daemon has it."""
    given = os.environ.get("PANNIER_HOME")
    if given:
        return given
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "pannier")


def _sweep(folder: str) -> None:
    """Removes the folders of programs of this machine that are gone."""
    global _swept
    if _swept:
        return
    _swept = True
    for name in os.listdir(folder):
        host, _, rest = name.rpartition("-")[0].rpartition("-")
        if host == socket.gethostname() and rest.isdigit() and not _lives(int(rest)):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove(path: str, pid: int) -> None:
    # A forked child that ends leaves its parent's files alone.
    if os.getpid() == pid:
        with contextlib.suppress(OSError):
            shutil.rmtree(path)
