"""Owns writing below a folder and nowhere else, whatever names a manifest has.

Each folder on the way is opened by its own descriptor and without following links,
so that no name, link or race leads out. A file that is being fetched lies beside its
place under a name made of its digest, so that the next try goes on with it, and no
other content is ever mixed in.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from typing import IO

from .names import check_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
#: Opening a named pipe must not wait for somebody to write to it.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Tree:
    """A folder of the user's, made if it is not there; it may itself be a link."""

    def __init__(self, root: str) -> None:
        os.makedirs(root, exist_ok=True)
        self.root = root

    def put(
        self,
        path: str,
        digest: str,
        is_right: Callable[[IO[bytes]], bool],
        write: Callable[[IO[bytes]], None],
    ) -> str:
        """Makes the file at `path` one that `is_right`; `write` adds what is missing
        at the end of what an earlier try left. Returns where it is."""
        path = check_path(path)
        *folders, name = path.split("/")
        with self._folder(path, folders) as folder:
            if not _has(folder, name, is_right):
                part = _part(path, digest)
                with _locked(folder, part) as file:
                    # Another process may have been at it.
                    if _has(folder, name, is_right):
                        os.unlink(part, dir_fd=folder)
                    else:
                        _complete(path, folder, part, file, is_right, write)
                        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        return os.path.join(self.root, *folders, name)

    @contextlib.contextmanager
    def _folder(self, path: str, parts: list[str]) -> Iterator[int]:
        """The descriptor of the folder `parts`, each made if it is not there."""
        fd = os.open(self.root, _FOLDER)
        try:
            for part in parts:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=fd)
                try:
                    inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=fd)
                except OSError as error:
                    if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                        raise
                    raise NotADirectoryError(
                        f"{path!r} cannot be written below {self.root}: {part!r} is there,"
                        " and is a link or a file; remove it, or choose another root"
                    ) from None
                os.close(fd)
                fd = inner
            yield fd
        finally:
            os.close(fd)


def _complete(
    path: str,
    folder: int,
    part: str,
    file: IO[bytes],
    is_right: Callable[[IO[bytes]], bool],
    write: Callable[[IO[bytes]], None],
) -> None:
    start = file.seek(0, os.SEEK_END)
    try:
        write(file)
        file.flush()
    except BaseException:
        if not file.tell():  # nothing to go on with
            os.unlink(part, dir_fd=folder)
        raise
    if is_right(file):
        return
    if start:  # what was left of an earlier try may be at fault
        file.seek(0)
        file.truncate()
        write(file)
        file.flush()
        if is_right(file):
            return
    os.unlink(part, dir_fd=folder)
    raise ValueError(f"Digest mismatch for file: {path}; what came is not what was logged")


def _has(folder: int, name: str, is_right: Callable[[IO[bytes]], bool]) -> bool:
    try:
        fd = os.open(name, _READ, dir_fd=folder)
    except OSError:  # none, or a link, which is replaced and not followed
        return False
    with open(fd, "rb") as file:
        return stat.S_ISREG(os.fstat(fd).st_mode) and is_right(file)


@contextlib.contextmanager
def _locked(folder: int, name: str) -> Iterator[IO[bytes]]:
    """A file that this process alone is writing, of all that take the lock."""
    import fcntl

    while True:
        with open(os.open(name, _WRITE, 0o666, dir_fd=folder), "r+b") as file:
            with contextlib.suppress(OSError):  # some network file systems have no locks
                fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            # Whoever had it before may have renamed or removed it.
            if _is_at(file, folder, name):
                yield file
                return


def _is_at(file: IO[bytes], folder: int, name: str) -> bool:
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(file.fileno()), there)


def _part(path: str, digest: str) -> str:
    name = hashlib.sha256(f"{path}\0{digest}".encode()).hexdigest()
    return f".{name[:24]}.part"
