"""Owns `ArtifactFiles`: the files of a version, as the server lists them."""

from __future__ import annotations

from typing import Any

from .._artifacts import documents
from ..errors import CommError
from .client import md5_of
from .files import StoredFile, digest_of
from .pages import Counted, Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._artifacts.artifact import Artifact


class ArtifactFiles(Counted["ArtifactFile"]):
    """The files of a version, all or some."""

    def __init__(
        self,
        artifact: Artifact,
        names: list[str] | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page, start)
        self.artifact = artifact
        self._names = names

    @property
    def path(self) -> list[str]:
        """Entity, project and name of the version."""
        return [self.artifact.entity, self.artifact.project, self.artifact.name]

    def _fetch(self, after: str | None) -> Page:
        found = self.artifact._files_page(documents.FILES, self._names, after, self.per_page)
        info = found["pageInfo"]
        return Page(
            [ArtifactFile(edge["node"], self.artifact) for edge in found["edges"]],
            info["endCursor"] if info["hasNextPage"] else None,
            None if self._names else found.get("totalCount"),
        )

    def __repr__(self) -> str:
        return f"<ArtifactFiles {'/'.join(self.path)} ({len(self)})>"


class ArtifactFile(StoredFile):
    """One file: `name`, `size`, `mimetype`, `md5`, `digest`, `download()`."""

    def __init__(self, attrs: dict[str, Any], artifact: Artifact) -> None:
        attrs = {**attrs, "url": attrs.get("url") or attrs.get("directUrl")}
        super().__init__(attrs, artifact._asked())
        self.artifact = artifact

    def _check(self, path: str) -> None:
        said = self._attrs.get("md5") or self._attrs.get("digest")
        if said and md5_of(path) != digest_of(said):
            raise CommError(f"{self.name} came damaged; fetch it again")

    def delete(self) -> None:
        """Files of a version cannot be deleted; the version can."""
        raise CommError(f"{self.name} is part of {self.artifact.name}, which never changes")
