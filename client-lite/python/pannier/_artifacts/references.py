"""Owns references: what an entry for a file that stays elsewhere says of it, and how
its bytes are had when they are wanted.

Knows `file`, `http` and `https`, and files of other artifacts. Of `s3`, `gs` and all
others the address is kept, and nothing is asked.
"""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from .. import _term
from ..errors import CommError
from .manifest import ARTIFACT_SCHEME, ArtifactManifestEntry, digest_of, file_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_BUCKETS = ("s3", "gs")
_MAX_OBJECTS = 10_000_000
_TIMEOUT_S = 60.0

Entry = ArtifactManifestEntry


def entries(
    uri: str,
    name: str | None,
    checksum: bool,
    max_objects: int | None,
    referenced: Callable[[str], Entry],
) -> list[Entry]:
    """The entries for an address; `referenced` finds the entry of another artifact."""
    split = urlsplit(uri)
    if not split.scheme:
        raise ValueError("References must be URIs. To reference a local file, use file://")
    if split.scheme == "file":
        return _local(uri, name, checksum, max_objects or _MAX_OBJECTS)
    if split.scheme in ("http", "https"):
        return [_http(uri, name or os.path.basename(uri), checksum)]
    if split.scheme == ARTIFACT_SCHEME:
        target = referenced(uri)
        return [Entry(name or os.path.basename(uri), target.digest, target.ref_url(), size=0)]
    if split.scheme in _BUCKETS:
        address = f"{split.scheme}://{split.netloc}{split.path}"
        if checksum:
            _warn_unchecked(address)
        return [Entry(name or split.path.lstrip("/") or split.netloc, address, address)]
    if name is None:
        raise ValueError(
            f'You must pass name="<entry_name>" when tracking references with unknown schemes.'
            f" ref: {uri}"
        )
    _warn_unchecked(uri)
    return [Entry(name, uri, uri)]


def _warn_unchecked(uri: str) -> None:
    _term.warn_once(
        f"{uri} is not asked for its checksum; the address itself stands for the content"
        " (checksum=False says that this is meant)"
    )


def _local(uri: str, name: str | None, checksum: bool, max_objects: int) -> list[Entry]:
    path = local_path(uri)
    digest = file_digest if checksum else _path_digest
    if os.path.isfile(path):
        size = os.path.getsize(path)
        return [Entry(name or os.path.basename(path), digest(path), uri, size=size)]
    if not os.path.isdir(path):
        raise ValueError(f"Path {uri!r} must be a valid file or directory path")
    found: list[Entry] = []
    for folder, _, files in os.walk(path):
        for file in files:
            if len(found) >= max_objects:
                raise ValueError(
                    f"Exceeded {max_objects!r} objects tracked, pass max_objects to add_reference"
                )
            here = os.path.join(folder, file)
            inside = os.path.relpath(here, path)
            size = os.path.getsize(here)
            at = os.path.join(name or "", inside)
            found.append(Entry(at, digest(here), os.path.join(uri, inside), size=size))
    return found


def local_path(uri: str) -> str:
    """The path of a `file://` address."""
    return urllib.request.url2pathname(urlsplit(uri).path)


def _path_digest(path: str) -> str:
    """What stands for a file that nobody is to read."""
    return digest_of(Path(path).resolve().as_uri().encode())


def _http(url: str, name: str, checksum: bool) -> Entry:
    if not checksum:
        return Entry(name, url, url)
    headers = _headers(url)
    etag, length = headers.get("ETag"), headers.get("Content-Length")
    return Entry(
        name,
        etag.strip('"') if etag else url,
        url,
        size=int(length) if length and length.isdigit() else None,
        extra={"etag": etag} if etag else None,
    )


def _headers(url: str) -> Any:
    """What a server says of a file; one that knows no HEAD is asked for the file,
    which is then not read."""
    for method in ("HEAD", "GET"):
        try:
            with _open(url, method) as answer:
                return answer.headers
        except urllib.error.HTTPError as refusal:
            with refusal:
                if method == "GET" or refusal.code not in (403, 405, 501):
                    raise _unreachable(url, refusal) from None
        except OSError as error:
            raise _unreachable(url, error) from None
    raise AssertionError("one of the two answers")


def _open(url: str, method: str) -> Any:
    request = urllib.request.Request(url, method=method, headers={"User-Agent": "pannier"})
    return urllib.request.urlopen(request, timeout=_TIMEOUT_S)


def _unreachable(url: str, error: OSError) -> CommError:
    return CommError(f"no answer for the reference {url}: {error}; checksum=False asks nobody")


def copy(entry: Entry, sink: IO[bytes]) -> None:
    """Writes what an entry refers to, if it is still what it was."""
    ref = str(entry.ref)
    scheme = urlsplit(ref).scheme
    if scheme == "file":
        _copy_local(entry, local_path(ref), sink)
    elif scheme in ("http", "https"):
        _copy_http(entry, ref, sink)
    else:
        raise ValueError(
            f"{entry.path!r} refers to {ref}, which pannier cannot fetch; its"
            " entry's ref_target() gives the address to whoever can"
        )


def _copy_local(entry: Entry, path: str, sink: IO[bytes]) -> None:
    if not os.path.exists(path):
        raise FileNotFoundError(f"{entry.path!r} refers to {path!r}, which is not there")
    if not os.path.isfile(path):
        raise ValueError(f"{entry.path!r} refers to {path!r}, which is no file")
    if entry.digest != _path_digest(path) and file_digest(path) != entry.digest:
        raise ValueError(
            f"Digest mismatch for {entry.path!r}: {path!r} is not the file it was when"
            " it was referenced"
        )
    with open(path, "rb") as file:
        shutil.copyfileobj(file, sink, 1 << 20)


def _copy_http(entry: Entry, url: str, sink: IO[bytes]) -> None:
    try:
        with _open(url, "GET") as answer:
            etag = answer.headers.get("ETag")
            if entry.digest not in ((etag or url).strip('"'), url):
                raise ValueError(
                    f"Digest mismatch for {entry.path!r}: {url} has the ETag {etag}, not"
                    f" {entry.digest!r} as when it was referenced"
                )
            shutil.copyfileobj(answer, sink, 1 << 20)
    except urllib.error.HTTPError as refusal:
        with refusal:
            if refusal.code in (404, 410):
                raise FileNotFoundError(
                    f"{entry.path!r} refers to {url}, which is not there"
                ) from None
            raise CommError(f"{entry.path!r} refers to {url}: {refusal}") from None
    except OSError as error:
        raise CommError(f"{entry.path!r} refers to {url}: {error}") from None
