"""Owns private copies of files that are in an artifact but not logged yet.

They lie in the home, beside the spool, so that logging them can share their bytes.
What a killed program left there is removed by the next one of this machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import weakref

#: ioctl of Linux: the same bytes, shared until one of the two files changes.
_FICLONE = 0x40049409

_swept = False


class Staging:
    """A folder that lives as long as its owner, or until it is closed."""

    def __init__(self, owner: object) -> None:
        self.path = _make()
        self._count = 0
        self._remove = weakref.finalize(owner, _remove, self.path, os.getpid())

    def copy(self, source: str) -> str:
        """A copy of a file as it is now: at once where the file system shares bytes."""
        self._count += 1
        target = os.path.join(self.path, f"copy-{self._count}")
        with open(source, "rb") as read, open(target, "xb") as write:
            if not _shared(read.fileno(), write.fileno()):
                shutil.copyfile(source, target)
        return target

    def close(self) -> None:
        """Removes it, now that its files are safe elsewhere."""
        self._remove()

    def place(self, name: str) -> str:
        """Where a new file of this name is to be written."""
        path = os.path.join(self.path, "new", name)
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
