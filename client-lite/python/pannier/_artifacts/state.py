"""Owns the state of an artifact: the fields of a draft, what the server said of a
version, and which of the two it is."""

from __future__ import annotations

from typing import Any

from ..errors import ArtifactFinalizedError, ArtifactNotLoggedError
from .manifest import ArtifactManifest
from .names import check_metadata, is_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._api.client import Client
    from .logged import Saving

#: How a server says of a TTL that it is inherited, and that there is none.
INHERIT, NEVER = -1, -2


class State:
    """Base of `Artifact`."""

    def __init__(self, name: str, kind: str) -> None:
        self._client: Client | None = None
        self._saving: Saving | None = None
        self._final = False
        self._state = "PENDING"
        self._said: dict[str, Any] = {}
        self._entity: str | None = None
        self._project: str | None = None
        self._name = name
        self._version: str | None = None
        self._source_entity: str | None = None
        self._source_project: str | None = None
        self._source_name = name
        self._is_link = False
        self._linked_at: str | None = None
        self._type = kind
        self._description: str | None = None
        self._metadata: dict[str, Any] = {}
        self._ttl_s: int | None = None
        self._ttl_inherited = True
        self._ttl_changed = False
        self._aliases: list[str] = []
        self._saved_aliases: list[str] = []
        self._tags: list[str] = []
        self._saved_tags: list[str] = []
        self._manifest: ArtifactManifest | None = ArtifactManifest()

    # What may be done

    def is_draft(self) -> bool:
        """Whether it is no version yet."""
        return self._state == "PENDING"

    def finalize(self) -> None:
        """Closes it to changes; logging does so by itself."""
        self._final = True

    def _logged(self, name: str) -> None:
        if self.is_draft():
            raise ArtifactNotLoggedError(f"Artifact.{name}", self)

    def _open(self, name: str) -> None:
        if self._final:
            raise ArtifactFinalizedError(f"Artifact.{name}", self)

    def _asked(self) -> Client:
        """Whom to ask about this version."""
        if self._client is None:
            from .._api.api import Api

            self._client = Api()._client
        return self._client

    # What the server said

    def _take(self, said: dict[str, Any], membership: dict[str, Any] | None = None) -> None:
        """Becomes what the server says; `membership` is the collection that it was
        found in, where that may be another than its own."""
        source = said["artifactSequence"]
        place = source.get("project") or {"name": "", "entity": {"name": ""}}
        self._said = said
        self._source_entity, self._source_project = place["entity"]["name"], place["name"]
        self._source_name = f"{source['name']}:v{said['versionIndex']}"
        self._entity = self._entity or self._source_entity
        self._project = self._project or self._source_project
        collection = self._name.partition(":")[0]
        here = (self._entity, self._project, collection)
        self._is_link = here != (self._source_entity, self._source_project, source["name"])
        self._type = said["artifactType"]["name"]
        self._description = said.get("description")
        self._metadata = check_metadata(said.get("metadata"))
        self._tags = [tag["name"] for tag in said.get("tags") or ()]
        self._saved_tags = list(self._tags)
        self._take_names(said, membership, here)
        ttl = said.get("ttlDurationSeconds") or INHERIT
        self._ttl_s = ttl if ttl > 0 else None
        self._ttl_inherited = bool(said.get("ttlIsInherited"))
        self._ttl_changed = False
        if membership is not None and self._is_link:
            self._linked_at = membership.get("createdAt")
        self._state = said["state"]
        self._manifest = None
        self._final = True

    def _take_names(
        self,
        said: dict[str, Any],
        membership: dict[str, Any] | None,
        here: tuple[str | None, str | None, str],
    ) -> None:
        if membership is not None:
            names = [alias["alias"] for alias in membership.get("aliases") or ()]
            index = membership.get("versionIndex")
        else:
            found = said.get("aliases") or ()
            names = [alias["alias"] for alias in found if _place(alias) == here]
            index = None
        index = said.get("versionIndex") if index is None else index
        self._version = next(filter(is_version, names), f"v{index}")
        if ":" not in self._name:
            self._name = f"{self._name}:{self._version}"
        self._aliases = [name for name in names if not is_version(name)]
        self._saved_aliases = list(self._aliases)


def _place(alias: dict[str, Any]) -> tuple[str, str, str] | None:
    """The collection in which an alias is one."""
    collection = alias.get("artifactCollection") or {}
    project = collection.get("project")
    if not project:
        return None
    return project["entity"]["name"], project["name"], collection["name"]
