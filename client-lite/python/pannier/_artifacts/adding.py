"""Owns filling a draft: files, folders, references, and taking them out again."""

from __future__ import annotations

import contextlib
import os
from pathlib import PurePosixPath
from typing import IO, Any

from . import references
from .manifest import ArtifactManifestEntry, split_reference
from .names import check_path
from .staging import Staging
from .state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .artifact import Artifact
    from .manifest import ArtifactManifest

_POLICIES = ("mutable", "immutable")


class Adding(State):
    """Base of `Artifact`."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name, kind)
        self._staging: Staging | None = None
        self._added: dict[str, ArtifactManifestEntry] = {}

    @property
    def manifest(self) -> ArtifactManifest:
        """What is in it."""
        raise NotImplementedError

    def _other(self, artifact_id: str) -> Artifact:
        """Another version, by its id."""
        raise NotImplementedError

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        is_tmp: bool | None = False,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        overwrite: bool = False,
    ) -> ArtifactManifestEntry:
        """Adds a file, by its own name or the path `name`.

        With the policy `mutable` a private copy is made now, at once where the file
        system can share bytes; with `immutable` the file is read when the artifact is
        logged. With `is_tmp` it is named after its content.
        """
        self._open("add_file")
        local_path = os.fspath(local_path)
        if not os.path.isfile(local_path):
            raise ValueError(f"Path is not a file: {local_path!r}")
        path = check_path(name or os.path.basename(local_path))
        return self._add_local(path, local_path, policy, overwrite, bool(is_tmp))

    def add_dir(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        merge: bool = False,
    ) -> None:
        """Adds every file of a folder, below the folder `name` if it is given.

        With `merge`, files whose content has changed since they were added replace
        those; else they raise ValueError.
        """
        self._open("add_dir")
        root = os.fspath(local_path)
        if not os.path.isdir(root):
            raise ValueError(f"Path is not a directory: {root!r}")
        for here in _files_below(root):
            path = os.path.join(name or "", os.path.relpath(here, root))
            self._add_local(check_path(path), here, policy, merge)

    @contextlib.contextmanager
    def new_file(
        self,
        name: str,
        mode: str = "x",
        encoding: str | None = None,
        policy: str = "mutable",
    ) -> Iterator[IO[Any]]:
        """Opens a new file that is added when it is closed; with the mode `w` it may
        replace one that was added before."""
        self._open("new_file")
        path = check_path(name.lstrip("/"))
        here = self._private().place(path)
        if "x" in mode and os.path.exists(here):
            raise ValueError(f"File with name {name!r} already exists at {here!r}")
        with open(here, mode, encoding=encoding) as file:
            yield file
        # Nobody else writes to it, so it need not be copied.
        self._add_local(path, here, "immutable", "x" not in mode)

    def add(self, obj: Any, name: str, overwrite: bool = False) -> ArtifactManifestEntry:
        """Adds an object that knows how to become files of an artifact: one with a
        method `_to_artifact(artifact, name)`, which adds them and returns their entry."""
        self._open("add")
        path = check_path(name)
        make = getattr(obj, "_to_artifact", None)
        if make is None:
            raise TypeError(
                f"Found object of type {type(obj)}, expected one with a method"
                " _to_artifact(artifact, name); write other objects to a file with"
                " new_file(), or add one with add_file()"
            )
        known = self.manifest.get_entry_by_path(path)
        if known is not None and not overwrite:
            return known
        entry: ArtifactManifestEntry = make(self, path)
        return entry

    def __setitem__(self, name: str, obj: Any) -> None:
        self.add(obj, name)

    def add_reference(
        self,
        uri: ArtifactManifestEntry | str,
        name: str | os.PathLike[str] | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> Sequence[ArtifactManifestEntry]:
        """Adds an address whose content stays where it is.

        With `checksum`, a `file://` is read and an `http(s)://` is asked for its ETag,
        so that a change shows; without, and for `s3://` and others in any case, the
        address itself stands for the content. A folder is added file by file.
        """
        self._open("add_reference")
        address = uri.ref_url() if isinstance(uri, ArtifactManifestEntry) else str(uri)
        path = None if name is None else check_path(name)
        found = references.entries(address, path, checksum, max_objects, self._referenced)
        for entry in found:
            self.manifest.add_entry(entry)
        return found

    def remove(self, item: str | os.PathLike[str] | ArtifactManifestEntry) -> None:
        """Takes out an entry, or everything below a folder."""
        self._open("remove")
        if isinstance(item, ArtifactManifestEntry):
            self.manifest.remove_entry(item)
            return
        path = str(PurePosixPath(item))
        found = self.manifest.get_entry_by_path(path)
        gone = [found] if found else self.manifest.get_entries_in_directory(path)
        if not gone:
            raise FileNotFoundError(f"No such file or directory: {path}")
        for entry in gone:
            self.manifest.remove_entry(entry)

    def get_added_local_path_name(self, local_path: str) -> str | None:
        """The path in the artifact of a file that was added from this place."""
        entry = self._added.get(local_path)
        return None if entry is None else entry.path

    def _add_local(
        self, path: str, here: str, policy: str | None, overwrite: bool, is_tmp: bool = False
    ) -> ArtifactManifestEntry:
        if (policy or "mutable") not in _POLICIES:
            raise ValueError(
                f"Invalid policy {policy!r}. Policy may only be `mutable` or `immutable`."
            )
        local = os.path.abspath(here)
        mutable = policy != "immutable"
        content = self._private().remember(local) if mutable else None
        copied = mutable and content is None
        entry = ArtifactManifestEntry(
            path,
            size=None if content is None else len(content),
            local_path=self._private().copy(local) if copied else local,
        )
        entry._content = content
        if is_tmp:
            entry.path = _named_after(path, entry.digest)
        self.manifest.add_entry(entry, overwrite)
        self._added[here] = entry
        return entry

    def _private(self) -> Staging:
        if self._staging is None:
            self._staging = Staging(self)
        return self._staging

    def _files_to_log(self) -> list[tuple[str, str]]:
        """Each file that is still to be logged: its path, and where it is on this machine."""
        found: list[tuple[str, str]] = []
        for path, entry in self.manifest.entries.items():
            if entry.local_path is not None:
                if entry._content is not None:
                    local = self._private().unchanged(entry.local_path, entry._content)
                    entry.local_path = local
                found.append((path, entry.local_path))
        return found

    def _has_undigested(self) -> bool:
        """Whether files were added that nobody has read yet."""
        return any(entry._digest is None for entry in self.manifest.entries.values())

    def _referenced(self, ref: str) -> ArtifactManifestEntry:
        """The entry that a `wandb-artifact://` reference comes down to."""
        from .fetch import follow

        artifact_id, path = split_reference(ref)
        artifact = self._other(artifact_id)
        found = artifact.manifest.get_entry_by_path(path)
        if found is None:
            raise ValueError(f"{ref} refers to {path!r}, which is not in {artifact!r}")
        owner, entry = follow(artifact, found)
        entry._parent = owner
        return entry


def _files_below(root: str) -> Iterator[str]:
    """Every file, through links, too; a folder that leads back to itself is left out."""
    seen: set[tuple[int, int]] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        for file in files:
            here = os.path.join(folder, file)
            if not os.path.isfile(here):
                raise ValueError(f"Path is not a file: {here!r}")
            yield here


def _named_after(path: str, digest: str) -> str:
    import base64

    folder, name = os.path.split(path)
    _, *rest = name.split(".")
    return os.path.join(folder, ".".join([base64.b64decode(digest).hex()[:20], *rest]))
