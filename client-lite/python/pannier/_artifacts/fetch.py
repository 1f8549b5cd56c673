"""Owns bringing the files of a version into a folder: several at once, each checked
by its digest, each resumed where an earlier try was cut off."""

from __future__ import annotations

import base64
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import IO, Any

from .. import _term
from ..errors import CommError
from . import documents, references
from .manifest import ARTIFACT_SCHEME, split_reference
from .tree import Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .artifact import Artifact
    from .manifest import ArtifactManifestEntry as Entry

_THREADS = 8
_TRIES = 3
_PAGE = 5000
#: How many references in a row may lead to one another.
_REFERENCES_MAX = 16


def fetch_all(artifact: Artifact, root: str, prefix: str | None, allow_missing: bool) -> None:
    """Brings every file whose path begins with `prefix`."""
    entries = [
        entry
        for path, entry in artifact.manifest.entries.items()
        if not prefix or path.startswith(prefix)
    ]
    tree = Tree(root)
    links = _links(artifact) if any(entry.ref is None for entry in entries) else {}
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        wanted = {
            pool.submit(_fetch, artifact, entry, tree, links.get(entry.path)): entry
            for entry in entries
        }
        try:
            for done in as_completed(wanted):
                _check(done.exception(), allow_missing and wanted[done].ref is not None)
        except BaseException:
            for waiting in wanted:
                waiting.cancel()
            raise


def fetch_one(artifact: Artifact, entry: Entry, root: str) -> str:
    """Brings one file, and returns where it is."""
    return _fetch(artifact, entry, Tree(root), None)


def _check(error: BaseException | None, may_be_missing: bool) -> None:
    if error is None:
        return
    if may_be_missing and isinstance(error, FileNotFoundError):
        _term.warn(str(error))
        return
    raise error


def _fetch(artifact: Artifact, entry: Entry, tree: Tree, link: str | None) -> str:
    path = entry.path
    if entry.ref is None:
        source = _Stored(artifact, entry, link)
        return tree.put(path, entry.digest, source.is_right, source.write)
    if entry.ref.startswith(f"{ARTIFACT_SCHEME}://"):
        artifact, entry = follow(artifact, entry)
        if entry.ref is None:
            source = _Stored(artifact, entry, None)
            return tree.put(path, entry.digest, source.is_right, source.write)

    elsewhere = _Elsewhere(entry)
    return tree.put(path, entry.digest, elsewhere.is_right, elsewhere.write)


def follow(artifact: Artifact, entry: Entry) -> tuple[Artifact, Entry]:
    """The entry that a reference to another artifact's file comes down to."""
    for _ in range(_REFERENCES_MAX):
        if entry.ref is None or not entry.ref.startswith(f"{ARTIFACT_SCHEME}://"):
            return artifact, entry
        artifact_id, path = split_reference(entry.ref)
        artifact = artifact._other(artifact_id)
        found = artifact.manifest.get_entry_by_path(path)
        if found is None:
            raise FileNotFoundError(f"{entry.ref} refers to {path!r}, which is not in {artifact!r}")
        entry = found
    raise ValueError(f"{entry.ref} refers to a reference to a reference, and so on")


def _links(artifact: Artifact, names: list[str] | None = None) -> dict[str, str]:
    """Where each file is to be had, for a while."""
    found: dict[str, str] = {}
    after: str | None = None
    while True:
        files = artifact._files_page(documents.FILE_URLS, names, after, _PAGE)
        for edge in files["edges"]:
            node = edge["node"]
            if node and node.get("directUrl"):
                found[node["name"]] = node["directUrl"]
        info = files["pageInfo"]
        if not info["hasNextPage"] or info["endCursor"] in (None, after):
            return found
        after = info["endCursor"]


class _Stored:
    """A file that the server has."""

    def __init__(self, artifact: Artifact, entry: Entry, link: str | None) -> None:
        self._artifact = artifact
        self._entry = entry
        self._link = link

    def is_right(self, file: IO[bytes]) -> bool:
        """Whether this is the file."""
        entry, fd = self._entry, file.fileno()
        if entry.size is not None and os.fstat(fd).st_size != entry.size:
            return False
        digest = hasher(entry)
        if digest is None:
            return entry.size is not None
        file.seek(0)
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
        return base64.b64encode(digest.digest()).decode() == entry.digest

    def write(self, sink: IO[bytes]) -> None:
        """Adds what is missing, in several goes if need be."""
        for left in reversed(range(_TRIES)):
            start = sink.seek(0, os.SEEK_END)
            if self._entry.size is not None and start >= self._entry.size:
                return
            try:
                self._artifact._asked().download(self._url(), sink, start)
                return
            except CommError as error:
                self._link = None  # it may be too old
                if not left:
                    raise CommError(f"{self._entry.path} could not be fetched: {error}") from None

    def _url(self) -> str:
        if self._link is None:
            path = self._entry.path
            self._link = _links(self._artifact, [path]).get(path)
            if self._link is None:
                raise CommError("the server has no link to it")
        return self._link


class _Elsewhere:
    """A file that a reference leads to. What its store calls its content is no digest
    of ours, so it is compared there, and fetched again each time."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._written = False

    def is_right(self, _file: IO[bytes]) -> bool:
        """Whether it was fetched just now."""
        return self._written

    def write(self, sink: IO[bytes]) -> None:
        """Fetches all of it."""
        sink.seek(0)
        sink.truncate()
        references.copy(self._entry, sink)
        self._written = True


def hasher(entry: Entry) -> Any:
    """What computes this entry's digest; None where it takes a package that is not there."""
    if entry.digest_algorithm() == "MANIFEST_MD5":
        return hashlib.md5(usedforsecurity=False)
    try:
        import xxhash  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        _term.warn_once(
            f"digests of {entry.digest_algorithm()} can only be checked with the package"
            " xxhash; sizes are compared"
        )
        return None
    return xxhash.xxh128()
