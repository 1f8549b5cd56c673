"""Owns lists of versions and of types, and `ArtifactType`."""

from __future__ import annotations

from typing import Any

from .._artifacts import documents
from .._artifacts.artifact import Artifact
from .._artifacts.names import Path
from ..errors import NotFoundError
from .attrs import Attrs
from .client import json_text
from .collections import ArtifactCollection
from .relay import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import Client
    from .run import Run

_COMMITTED = {"state": "COMMITTED"}


class Artifacts(Relay[Artifact]):
    """The versions in a collection, newest first unless `order` says otherwise."""

    DOCUMENT = documents.VERSIONS
    WAY = ("project", "artifactType", "artifactCollection", "artifacts")

    def __init__(
        self,
        client: Client,
        entity: str,
        project: str,
        collection_name: str,
        type: str,
        filters: dict[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        tags: str | list[str] | None = None,
        start: str | None = None,
    ) -> None:
        self.entity = entity
        self.project = project
        self.collection_name = collection_name
        self.type = type
        self.filters = _COMMITTED if filters is None else filters
        self.order = order
        self.tags = [tags] if isinstance(tags, str) else list(tags or ())
        variables = {
            "entity": entity,
            "project": project,
            "collection": collection_name,
            "type": type,
            "filters": json_text(self.filters),
            "order": order,
        }
        super().__init__(client, variables, per_page, start)

    def _make(self, edge: dict[str, Any]) -> Artifact | None:
        path = Path(self.entity, self.project, f"{self.collection_name}:{edge['version']}")
        made = Artifact._from_said(self._client, path, edge["node"])
        # In a portfolio, versions have numbers of their own.
        made._version = edge["version"]
        return made if set(self.tags).issubset(made.tags) else None

    def _what(self) -> str:
        place = f"{self.entity}/{self.project}/{self.collection_name}"
        return f"the collection {place} of type {self.type!r}"

    def __repr__(self) -> str:
        return f"<Artifacts {self.entity}/{self.project}/{self.collection_name}>"


class RunArtifacts(Relay[Artifact]):
    """The versions that a run logged, or used."""

    WAY = ("project", "run", "artifacts")

    def __init__(
        self,
        run: Run,
        mode: str = "logged",
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        if mode not in ("logged", "used"):
            raise ValueError("mode must be logged or used")
        self.DOCUMENT = documents.LOGGED if mode == "logged" else documents.USED
        self.run = run
        variables = {"entity": run.entity, "project": run.project, "run": run.id}
        super().__init__(run._client, variables, per_page, start)

    def _make(self, edge: dict[str, Any]) -> Artifact | None:
        node = edge["node"]
        source = node["artifactSequence"]
        place = source.get("project")
        if not place:
            return None
        name = f"{source['name']}:v{node['versionIndex']}"
        return Artifact._from_said(
            self._client, Path(place["entity"]["name"], place["name"], name), node
        )

    def _what(self) -> str:
        return f"run {self.run!r}"


class ArtifactTypes(Relay["ArtifactType"]):
    """The types of artifacts that a project has."""

    DOCUMENT = documents.TYPES
    WAY = ("project", "artifactTypes")

    def __init__(
        self,
        client: Client,
        entity: str,
        project: str,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        self.entity = entity
        self.project = project
        super().__init__(client, {"entity": entity, "project": project}, per_page, start)

    def _make(self, edge: dict[str, Any]) -> ArtifactType:
        node = edge["node"]
        return ArtifactType(self._client, self.entity, self.project, node["name"], node)

    def _what(self) -> str:
        return f"project {self.entity}/{self.project}"


class ArtifactType(Attrs):
    """A type of artifacts in a project: `name`, `id`, `description`, `created_at`."""

    def __init__(
        self,
        client: Client,
        entity: str,
        project: str,
        type_name: str,
        attrs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(attrs or {})
        self._client = client
        self.entity = entity
        self.project = project
        self.type = type_name
        if not attrs:
            self.load()

    def load(self) -> dict[str, Any]:
        """Its fields, asked of the server."""
        names = {"entity": self.entity, "project": self.project, "type": self.type}
        project = self._client.ask(documents.TYPE, **names).get("project") or {}
        if not project.get("artifactType"):
            raise NotFoundError(f"Could not find artifact type {self.type!r}")
        self._attrs = project["artifactType"]
        return self._attrs

    def collections(
        self,
        filters: dict[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> ArtifactCollections:
        """The collections of this type."""
        return ArtifactCollections(
            self._client, self.entity, self.project, self.type, filters, order, per_page, start
        )

    def collection(self, name: str) -> ArtifactCollection:
        """The collection of this type and name."""
        return ArtifactCollection(self._client, self.entity, self.project, name, self.type)

    def __repr__(self) -> str:
        return f"<ArtifactType {self.type}>"


class ArtifactCollections(Relay[ArtifactCollection]):
    """The collections of a project: of one type, or all of them."""

    def __init__(
        self,
        client: Client,
        entity: str,
        project: str,
        type_name: str | None = None,
        filters: dict[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        self.entity = entity
        self.project = project
        self.type_name = type_name
        variables: dict[str, Any] = {
            "entity": entity,
            "project": project,
            "filters": None if filters is None else json_text(filters),
            "order": order,
        }
        self.DOCUMENT = documents.COLLECTIONS
        self.WAY = ("project", "artifactCollections")
        if type_name is not None:
            variables["type"] = type_name
            self.DOCUMENT = documents.COLLECTIONS_OF_TYPE
            self.WAY = ("project", "artifactType", "artifactCollections")
        super().__init__(client, variables, per_page, start)

    def _make(self, edge: dict[str, Any]) -> ArtifactCollection | None:
        return collection(self._client, edge["node"])

    def _what(self) -> str:
        of_type = "" if self.type_name is None else f"artifact type {self.type_name!r} in "
        return f"{of_type}project {self.entity}/{self.project}"


def collection(
    client: Client, node: dict[str, Any], organization: str | None = None
) -> ArtifactCollection | None:
    """A collection as the server lists it."""
    place = node.get("project")
    if not place:
        return None
    entity, project = place["entity"]["name"], place["name"]
    return ArtifactCollection(
        client, entity, project, node["name"], node["type"]["name"], organization, node
    )
