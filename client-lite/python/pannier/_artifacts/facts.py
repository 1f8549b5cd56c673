"""Owns what can be read of an artifact: where it is, what it holds, when it came to be."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from . import documents
from .manifest import ArtifactManifest
from .names import is_registry
from .state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._api.collections import ArtifactCollection


class Facts(State):
    """Base of `Artifact`."""

    # Identity

    @property
    def id(self) -> str | None:
        """The version's id; None of a draft."""
        return None if self.is_draft() else str(self._said["id"])

    @property
    def name(self) -> str:
        """`collection:version`, or as it was asked for; the mere name of a draft."""
        return self._name

    @property
    def type(self) -> str:
        """`model`, `dataset`, …"""
        return self._type

    @property
    def entity(self) -> str:
        """The entity of the collection it was found in."""
        self._logged("entity")
        return str(self._entity)

    @property
    def project(self) -> str:
        """The project of the collection it was found in."""
        self._logged("project")
        return str(self._project)

    @property
    def qualified_name(self) -> str:
        """`entity/project/name`."""
        return f"{self.entity}/{self.project}/{self.name}"

    @property
    def version(self) -> str:
        """`v3`: its number in the collection it was found in."""
        self._logged("version")
        return str(self._version)

    @property
    def collection(self) -> ArtifactCollection:
        """The collection it was found in."""
        self._logged("collection")
        return self._collection(self.entity, self.project, self.name)

    @property
    def source_entity(self) -> str:
        """The entity it was logged to."""
        self._logged("source_entity")
        return str(self._source_entity)

    @property
    def source_project(self) -> str:
        """The project it was logged to."""
        self._logged("source_project")
        return str(self._source_project)

    @property
    def source_name(self) -> str:
        """`collection:version` as it was logged."""
        return self._source_name

    @property
    def source_qualified_name(self) -> str:
        """`entity/project/collection:version` as it was logged."""
        return f"{self.source_entity}/{self.source_project}/{self.source_name}"

    @property
    def source_version(self) -> str:
        """Its number in the collection it was logged to."""
        self._logged("source_version")
        return self._source_name.partition(":")[2]

    @property
    def source_collection(self) -> ArtifactCollection:
        """The collection it was logged to."""
        self._logged("source_collection")
        return self._collection(self.source_entity, self.source_project, self.source_name)

    def _collection(self, entity: str, project: str, name: str) -> ArtifactCollection:
        from .._api.collections import ArtifactCollection

        collection = name.partition(":")[0]
        return ArtifactCollection(self._asked(), entity, project, collection, self.type)

    @property
    def is_link(self) -> bool:
        """Whether it was found in another collection than it was logged to."""
        return self._is_link

    @property
    def linked_at(self) -> str | None:
        """When it was linked to this collection; None where it was logged to it."""
        self._logged("linked_at")
        return self._linked_at

    @property
    def url(self) -> str:
        """Its page, where the server has pages; else empty."""
        self._logged("url")
        client, collection = self._asked(), self.name.partition(":")[0]
        if self.is_link and is_registry(self.project):
            from urllib.parse import quote

            from .._api.organizations import organization_of

            name = self.project.partition("wandb-registry-")[2]
            organization = organization_of(client, self.entity).name
            selected = quote(f"{self.entity}/{self.project}/{collection}", safe="")
            page = client.page("orgs", organization, "registry", name)
            query = f"?selectionPath={selected}&view=membership&version={self.version}"
            return page + query if page else ""
        parts = (self.entity, self.project, "artifacts", self.type, collection, self.version)
        return client.page(*parts) or ""

    # Content

    @property
    def state(self) -> str:
        """PENDING, COMMITTED or DELETED."""
        return self._state

    @property
    def manifest(self) -> ArtifactManifest:
        """What is in it."""
        if self._manifest is None:
            found = self._asked().ask(documents.MANIFEST, id=self.id).get("artifact") or {}
            if not found.get("currentManifest"):
                raise ValueError("Failed to fetch artifact manifest")
            sink = BytesIO()
            self._asked().download(found["currentManifest"]["file"]["directUrl"], sink)
            self._manifest = ArtifactManifest.from_manifest_json(json.loads(sink.getvalue()))
        return self._manifest

    @property
    def digest(self) -> str:
        """What names the content: the same files have the same digest everywhere."""
        if self._manifest is None:
            return str(self._said["digest"])
        return self._manifest.digest()

    @property
    def digest_algorithm(self) -> str:
        """`MANIFEST_MD5`, unless another client logged it otherwise."""
        return self._said.get("digestAlgorithm") or "MANIFEST_MD5"

    @property
    def size(self) -> int:
        """Bytes of all files, references included."""
        return int(self._said["size"]) if self._manifest is None else self._manifest.size()

    def _fact(self, name: str, key: str) -> Any:
        self._logged(name)
        return self._said.get(key)

    @property
    def file_count(self) -> int:
        """How many files and references."""
        return int(self._fact("file_count", "fileCount"))

    @property
    def commit_hash(self) -> str | None:
        """What the server called the content when it was complete."""
        found: str | None = self._fact("commit_hash", "commitHash")
        return found

    @property
    def created_at(self) -> str:
        """When it was logged."""
        return str(self._fact("created_at", "createdAt"))

    @property
    def updated_at(self) -> str:
        """When it was last changed."""
        return str(self._fact("updated_at", "updatedAt") or self._said["createdAt"])

    @property
    def history_step(self) -> int | None:
        """The step that its run had logged last."""
        step = self._fact("history_step", "historyStep")
        return None if step is None else max(0, int(step) - 1)
