"""Owns searching registries: `Api.registries(…).collections(…).versions(…)`.

Each step narrows what the next one asks for; the server is asked when a list is
looked at. In a list that has an order of its own, the next step goes through it one
by one, so that what it finds keeps that order.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, TypeVar

from .._artifacts import documents
from .._artifacts.artifact import Artifact
from .._artifacts.names import REGISTRY_PREFIX, Path
from . import filters
from .artifacts import collection
from .client import json_text
from .collections import ArtifactCollection
from .registry import Registry
from .relay import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import Client

    Filter = dict[str, Any]

T = TypeVar("T")

_PER_PAGE = 100
_ORG_ENTITY = ("organization", "orgEntity")


class Registries(Relay[Registry]):
    """The registries of an organization that a filter lets through."""

    DOCUMENT = documents.REGISTRIES
    WAY = (*_ORG_ENTITY, "projects")

    def __init__(
        self,
        client: Client,
        organization: str,
        filter: Filter | None = None,
        order: str | None = None,
        per_page: int = _PER_PAGE,
        start: str | None = None,
    ) -> None:
        self.organization = organization
        self.filter = filters.of_registries(filter)
        self.order = filters.order(order, filters.ORDERS)
        variables = {
            "organization": organization,
            "filters": _text(self.filter),
            "order": self.order,
        }
        super().__init__(client, variables, per_page, start)

    def collections(
        self,
        filter: Filter | None = None,
        order: str | None = None,
        per_page: int = _PER_PAGE,
        start: str | None = None,
    ) -> Collections | Chained[ArtifactCollection]:
        """The collections of these registries."""
        if self.order is None:
            place = self._client, self.organization
            return Collections(*place, self.filter, filter, order, per_page, start)
        _refuse_start(start, "registries")
        return OrderedCollections(
            registry.collections(filter, order, per_page) for registry in self
        )

    def versions(
        self,
        filter: Filter | None = None,
        order: str | None = None,
        per_page: int = _PER_PAGE,
        start: str | None = None,
    ) -> Versions | Chained[Artifact]:
        """The versions in these registries."""
        if self.order is None:
            place = self._client, self.organization
            return Versions(*place, self.filter, None, filter, order, per_page, start)
        _refuse_start(start, "registries")
        return Chained(registry.versions(filter, order, per_page) for registry in self)

    def _make(self, edge: dict[str, Any]) -> Registry | None:
        node = edge["node"]
        if not node["name"].lower().startswith(REGISTRY_PREFIX):
            return None
        name = node["name"][len(REGISTRY_PREFIX) :]
        return Registry(self._client, self.organization, node["entity"]["name"], name, node)

    def _what(self) -> str:
        return f"organization {self.organization!r}"


class Collections(Relay[ArtifactCollection]):
    """The collections of registries that a filter lets through."""

    DOCUMENT = documents.REGISTRY_COLLECTIONS
    WAY = (*_ORG_ENTITY, "artifactCollections")

    def __init__(
        self,
        client: Client,
        organization: str,
        registry_filter: Filter | None = None,
        collection_filter: Filter | None = None,
        order: str | None = None,
        per_page: int = _PER_PAGE,
        start: str | None = None,
    ) -> None:
        self.organization = organization
        self.registry_filter = filters.of_registries(registry_filter)
        self.collection_filter = filters.of_collections(collection_filter)
        self.order = filters.order(order, filters.ORDERS)
        variables = {
            "organization": organization,
            "registryFilter": _text(self.registry_filter),
            "collectionFilter": _text(self.collection_filter),
            "collectionTypes": ["PORTFOLIO"],
            "order": self.order,
        }
        super().__init__(client, variables, per_page, start)

    def versions(
        self,
        filter: Filter | None = None,
        order: str | None = None,
        per_page: int = _PER_PAGE,
        start: str | None = None,
    ) -> Versions | Chained[Artifact]:
        """The versions in these collections."""
        if self.order is None:
            return Versions(
                self._client,
                self.organization,
                self.registry_filter,
                self.collection_filter,
                filter,
                order,
                per_page,
                start,
            )
        _refuse_start(start, "collections")
        return Chained(versions_of(found, filter, order, per_page) for found in self)

    def _make(self, edge: dict[str, Any]) -> ArtifactCollection | None:
        node = edge["node"]
        if node["__typename"] == "ArtifactSequence":
            return None
        return collection(self._client, node, self.organization)

    def _what(self) -> str:
        return f"organization {self.organization!r}"


class Versions(Relay[Artifact]):
    """The versions in registries that a filter lets through."""

    DOCUMENT = documents.REGISTRY_VERSIONS
    WAY = (*_ORG_ENTITY, "artifactMemberships")

    def __init__(
        self,
        client: Client,
        organization: str,
        registry_filter: Filter | None = None,
        collection_filter: Filter | None = None,
        artifact_filter: Filter | None = None,
        order: str | None = None,
        per_page: int = _PER_PAGE,
        start: str | None = None,
    ) -> None:
        self.organization = organization
        self.registry_filter = filters.of_registries(registry_filter)
        self.collection_filter = filters.of_collections(collection_filter)
        self.artifact_filter = filters.of_versions(artifact_filter)
        self.order = filters.order(order, filters.VERSION_ORDERS)
        variables = {
            "organization": organization,
            "registryFilter": _text(self.registry_filter),
            "collectionFilter": _text(self.collection_filter),
            "artifactFilter": _text(self.artifact_filter),
            "order": self.order,
        }
        super().__init__(client, variables, per_page, start)

    def _make(self, edge: dict[str, Any]) -> Artifact | None:
        node = edge["node"]
        found = node.get("artifactCollection") or {}
        place, index = found.get("project"), node.get("versionIndex")
        if not place or not node.get("artifact") or index is None:
            return None
        path = Path(place["entity"]["name"], place["name"], f"{found['name']}:v{index}")
        return Artifact._from_membership(self._client, node, path)

    def _what(self) -> str:
        return f"organization {self.organization!r}"


class Chained(Iterator[T]):
    """Lists one after the other, each asked for when the one before is at its end."""

    def __init__(self, lists: Iterable[Iterable[T]]) -> None:
        self._items = chain.from_iterable(lists)

    def __next__(self) -> T:
        return next(self._items)


class OrderedCollections(Chained[ArtifactCollection]):
    """The collections of registries in the registries' order."""

    def versions(
        self,
        filter: Filter | None = None,
        order: str | None = None,
        per_page: int = _PER_PAGE,
        start: str | None = None,
    ) -> Chained[Artifact]:
        """The versions in these collections."""
        _refuse_start(start, "registries")
        return Chained(versions_of(found, filter, order, per_page) for found in self)


def versions_of(
    found: ArtifactCollection, filter: Filter | None, order: str | None, per_page: int
) -> Versions:
    """The versions in one collection of a registry."""
    return Versions(
        found._client,
        str(found.organization),
        by_project(found.project_internal_id, found.project),
        {"name": found.name},
        filter,
        order,
        per_page,
    )


def by_project(internal_id: str | None, name: str) -> Filter:
    """A filter that lets one registry through: by its number, where that is known."""
    try:
        kind, _, number = base64.b64decode(internal_id or "").decode().partition(":")
    except ValueError:
        kind = number = ""
    if kind in ("Project", "ProjectInternalId") and number.isdigit():
        return {"id": int(number)}
    return {"name": name}


def _text(found: Filter | None) -> str | None:
    return None if found is None else json_text(found)


def _refuse_start(start: str | None, what: str) -> None:
    if start is not None:
        raise ValueError(
            f"start={start!r} is not supported in {what} that have an order; leave out"
            " either of the two"
        )
