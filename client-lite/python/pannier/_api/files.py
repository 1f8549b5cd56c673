"""Owns a run's files: listing, fetching, adding and deleting them."""

from __future__ import annotations

import base64
import contextlib
import os
import posixpath
from typing import TextIO

from ..errors import CommError, NotFoundError, UsageError
from .attrs import Attrs
from .client import md5_of
from .pages import Counted, Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .api import Api
    from .client import Client
    from .run import Run

_LIST = """query RunFiles(
    $entity: String!, $project: String!, $name: String!,
    $names: [String], $pattern: String, $after: String, $first: Int
) {
    project(name: $project, entityName: $entity) {
        run(name: $name) {
            fileCount
            files(names: $names, pattern: $pattern, after: $after, first: $first) {
                edges {
                    node { id name url directUrl sizeBytes mimetype updatedAt md5 }
                    cursor
                }
                pageInfo { endCursor hasNextPage }
            }
        }
    }
}"""
_CREATE = """mutation CreateRunFiles(
    $entity: String!, $project: String!, $run: String!, $files: [String!]!
) {
    createRunFiles(
        input: { entityName: $entity, projectName: $project, runName: $run, files: $files }
    ) { runID uploadHeaders files { name uploadUrl } }
}"""
_UPLOADED = """mutation MarkRunFilesUploaded(
    $entity: String!, $project: String!, $run: String!, $files: [String!]!
) {
    markRunFilesUploaded(
        input: { entityName: $entity, projectName: $project, runName: $run, files: $files }
    ) { success }
}"""
_DELETE = """mutation DeleteFiles($files: [ID!]!, $projectId: Int) {
    deleteFiles(input: { files: $files, projectId: $projectId }) { success }
}"""


class Files(Counted["File"]):
    """The files of a run, all or some."""

    def __init__(
        self,
        run: Run,
        names: list[str] | None = None,
        per_page: int = 50,
        pattern: str | None = None,
    ) -> None:
        if names and pattern:
            raise UsageError("give names or a pattern, not both")
        super().__init__(per_page)
        self.run = run
        self._names = list(names or [])
        self._pattern = pattern

    def _fetch(self, after: str | None) -> Page:
        found = self.run._ask(
            _LIST, names=self._names, pattern=self._pattern, after=after, first=self.per_page
        )
        edges, info = found["files"]["edges"], found["files"]["pageInfo"]
        more = info["hasNextPage"] and edges
        return Page(
            [File(edge["node"], self.run) for edge in edges],
            (edges[-1].get("cursor") or info["endCursor"]) if more else None,
            # The server counts all files of the run, also those that were not asked for.
            None if self._names or self._pattern else found["fileCount"],
        )

    def __repr__(self) -> str:
        return f"<Files {'/'.join(self.run.path)} ({len(self)})>"


class StoredFile(Attrs):
    """A file that the server has: `name`, `size`, `mimetype`, `md5` (base64), `updated_at`,
    `url`, `direct_url`."""

    def __init__(self, attrs: dict[str, Any], client: Client) -> None:
        super().__init__(attrs)
        self._client = client

    @property
    def size(self) -> int:
        """In bytes."""
        return int(self._attrs.get("sizeBytes") or 0)

    def download(
        self,
        root: str | os.PathLike[str] = ".",
        replace: bool = False,
        exist_ok: bool = False,
        api: Api | None = None,
    ) -> TextIO:
        """Fetches it to `root` under its own name, and opens it.

        One that is there already is fetched again with `replace`, opened as it is
        with `exist_ok`, and else refused with ValueError.
        """
        path = _inside(root, self.name)
        if os.path.exists(path) and not replace:
            if exist_ok:
                return open(path)
            raise ValueError(
                f"{path} exists already; pass replace=True to fetch it again, or exist_ok=True"
            )
        client = self._client if api is None else api._client
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        part = f"{path}.{os.urandom(4).hex()}.part"
        try:
            with open(part, "xb") as sink:
                client.download(self._attrs["url"], sink)
            self._check(part)
            os.replace(part, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
        return open(path)

    def _check(self, path: str) -> None:
        """Compares what came with what the server said of it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<File {self.name} ({self.mimetype}) {_human(self.size)}>"


class File(StoredFile):
    """A file of a run."""

    def __init__(self, attrs: dict[str, Any], run: Run) -> None:
        super().__init__(attrs, run._client)
        self.run = run

    def _check(self, path: str) -> None:
        """Compares what came with the digest, asked anew where the file has changed since."""
        got = md5_of(path)
        if not self._attrs.get("md5") or got == digest_of(self.md5):
            return
        self._attrs = one(self.run, self.name)._attrs
        if self._attrs.get("md5") and got != digest_of(self.md5):
            raise CommError(f"{self.name} came damaged, or is being written; fetch it again")

    def delete(self) -> None:
        """Deletes it on the server."""
        project = self.run._attrs.get("projectId")
        number = None if project is None else int(project)
        self.run._client.ask(_DELETE, files=[self.id], projectId=number)


def one(run: Run, name: str) -> File:
    """The file of this name."""
    for found in Files(run, [name]):
        return found
    raise NotFoundError(f"Could not find file {name!r} in run {run!r}")


def upload(run: Run, path: str | os.PathLike[str], root: str) -> File:
    """Adds a file to the run, called by its path from `root`."""
    here, root = os.path.abspath(path), os.path.abspath(root)
    name = os.path.relpath(here, root).replace(os.sep, "/")
    if name.startswith("../"):
        raise UsageError(f"{path} is not inside {root}; give a root that holds it")
    if not os.path.isfile(here):
        raise UsageError(f"there is no file {here}")
    names = {"entity": run.entity, "project": run.project, "run": run.id, "files": [name]}
    told = run._client.ask(_CREATE, **names)["createRunFiles"]
    for place in told["files"]:
        run._client.upload(place["uploadUrl"], here, told.get("uploadHeaders") or ())
    run._client.ask(_UPLOADED, **names)
    return one(run, name)


def _inside(root: str | os.PathLike[str], name: str) -> str:
    """Where a file of this name goes; a name that leads out of `root` is refused."""
    clean = posixpath.normpath(name)
    if clean.startswith(("/", "../")) or clean in (".", ".."):
        raise UsageError(f"the file's name {name!r} leads out of {os.fspath(root)}")
    return os.path.join(os.fspath(root), *clean.split("/"))


def digest_of(text: str) -> bytes:
    """A digest in base64, as W&B gives it, or in hex."""
    return bytes.fromhex(text) if len(text) == 32 else base64.b64decode(text)


def _human(size: float) -> str:
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while round(size, 1) >= 1024 and len(units) > 1:
        del units[0]
        size /= 1024
    return f"{round(float(size), 1)}{units[0]}"
