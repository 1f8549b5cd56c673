"""Owns `Registry`: a place of an organization where versions are published."""

from __future__ import annotations

from typing import Any

from .. import _term
from .._artifacts import documents
from .._artifacts.names import REGISTRY_PREFIX, check_project, check_types
from ..errors import CommError, NotFoundError
from . import members
from .add_only import AddOnlyArtifactTypesList

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import Client
    from .members import Member, TeamMember, UserMember
    from .registries import Collections, Versions

#: What people call who may see it, and what the server does.
_ACCESS = {"organization": "PRIVATE", "restricted": "RESTRICTED"}


class Registry:
    """A registry. `name`, `description`, `visibility`, `allow_all_artifact_types` and
    what is appended to `artifact_types` are sent by `save()`."""

    def __init__(
        self,
        client: Client,
        organization: str,
        entity: str,
        name: str,
        attrs: dict[str, Any] | None = None,
    ) -> None:
        self._client = client
        self._organization = organization
        self._entity = entity
        self._attrs: dict[str, Any] = {}
        self._saved_name = self.name = name
        self.description: str | None = None
        self.allow_all_artifact_types = True
        self._visibility = "organization"
        self._types = AddOnlyArtifactTypesList()
        if attrs is not None:
            self._take(attrs)

    def _take(self, said: dict[str, Any]) -> None:
        self._attrs = said
        organization = said["entity"].get("organization") or {}
        self._organization = organization.get("name") or self._organization
        self._entity = said["entity"]["name"]
        self._saved_name = self.name = said["name"][len(REGISTRY_PREFIX) :]
        self.description = said.get("description")
        self.allow_all_artifact_types = bool(said["allowAllArtifactTypes"])
        restricted = said.get("access") == _ACCESS["restricted"]
        self._visibility = "restricted" if restricted else "organization"
        edges = (said.get("artifactTypes") or {}).get("edges") or []
        self._types = AddOnlyArtifactTypesList(e["node"]["name"] for e in edges if e.get("node"))

    @property
    def id(self) -> str:
        """The server's own name of it."""
        return str(self._attrs["id"])

    @property
    def internal_id(self) -> str | None:
        """The server's number of it, in its own spelling."""
        found: str | None = self._attrs.get("internalId")
        return found

    @property
    def full_name(self) -> str:
        """The name of its project: `wandb-registry-NAME`."""
        return REGISTRY_PREFIX + self.name

    @property
    def entity(self) -> str:
        """The entity of its organization."""
        return self._entity

    @property
    def organization(self) -> str:
        """Its organization."""
        return self._organization

    @property
    def path(self) -> list[str]:
        """Entity and full name."""
        return [self.entity, self.full_name]

    @property
    def artifact_types(self) -> AddOnlyArtifactTypesList:
        """The types that it takes, unless it takes all. What was saved cannot be
        removed any more."""
        return self._types

    @property
    def created_at(self) -> str:
        """When it was made."""
        return str(self._attrs["createdAt"])

    @property
    def updated_at(self) -> str | None:
        """When it was last changed."""
        found: str | None = self._attrs.get("updatedAt")
        return found

    @property
    def visibility(self) -> str:
        """`organization`: every member of it sees it; `restricted`: only its own members."""
        return self._visibility

    @visibility.setter
    def visibility(self, value: str) -> None:
        _access(value)
        self._visibility = value

    def collections(
        self,
        filter: dict[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Collections:
        """Its collections."""
        from .registries import Collections

        place = self._client, self.organization
        return Collections(*place, self._filter(), filter, order, per_page, start)

    def versions(
        self,
        filter: dict[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Versions:
        """The versions in it."""
        from .registries import Versions

        place = self._client, self.organization
        return Versions(*place, self._filter(), None, filter, order, per_page, start)

    def _filter(self) -> dict[str, Any]:
        from .registries import by_project

        return by_project(self.internal_id, self.full_name)

    def load(self) -> None:
        """Asks the server for it anew."""
        data = self._client.ask(documents.ONE_REGISTRY, name=self.full_name, entity=self.entity)
        found = (data.get("entity") or {}).get("project")
        if not found:
            raise NotFoundError(
                f"Failed to load registry {self.name!r} in organization {self.organization!r}."
            )
        self._take(found)

    def save(self) -> None:
        """Sends what was changed here."""
        if self.artifact_types.draft and self.allow_all_artifact_types:
            raise ValueError(
                "Cannot update artifact types when `allows_all_artifact_types` is True. Set it"
                " to False first."
            )
        old = check_project(REGISTRY_PREFIX + self._saved_name)
        new = check_project(self.full_name)
        failed = f"Failed to save registry {self.name!r} in organization {self.organization!r}"
        types = self.artifact_types.draft
        said = _upsert(
            self._client,
            failed,
            self.entity,
            old,
            self.description,
            self.visibility,
            self.allow_all_artifact_types,
            types,
        )
        if said.get("inserted"):
            _term.say(f"made registry {self.name} in organization {self.organization}")
        self._take(said["project"])
        if old != new:
            change = {"entityName": self.entity, "oldProjectName": old, "newProjectName": new}
            self._take(_asked(self._client, failed, documents.RENAME_REGISTRY, change))

    def delete(self) -> None:
        """Deletes it with its collections and links; the versions stay where they were
        logged."""
        failed = f"Failed to delete registry {self.name!r} in organization {self.organization!r}"
        try:
            done = self._client.ask(documents.DELETE_REGISTRY, id=self.id).get("deleteModel")
        except CommError as error:
            raise ValueError(f"{failed}: {error}") from error
        if not (done or {}).get("success"):
            raise ValueError(failed)

    def members(self) -> list[UserMember | TeamMember]:
        """Who may do what in it: users, then teams."""
        return [*self.user_members(), *self.team_members()]

    def user_members(self) -> list[UserMember]:
        """The users among its members."""
        return members.users(self._client, self.entity, self.full_name)

    def team_members(self) -> list[TeamMember]:
        """The teams among its members."""
        return members.teams(self._client, self.entity, self.full_name)

    def add_members(self, *who: Member) -> Registry:
        """Adds users and teams, or their ids."""
        members.change(self._client, documents.ADD_MEMBERS, self.id, who)
        return self

    def remove_members(self, *who: Member) -> Registry:
        """Removes users and teams, or their ids."""
        members.change(self._client, documents.REMOVE_MEMBERS, self.id, who)
        return self

    def update_member(self, member: Member, role: str) -> Registry:
        """Gives a member another role: admin, member, viewer or restricted_viewer."""
        members.set_role(self._client, self.id, member, role)
        return self

    def __repr__(self) -> str:
        return f"<Registry {self.organization}/{self.name}>"


def create(
    client: Client,
    organization: str,
    entity: str,
    name: str,
    visibility: str,
    description: str | None,
    artifact_types: list[str] | None,
) -> Registry:
    """Makes a registry; without types, it takes artifacts of all."""
    failed = f"Failed to create registry {name!r} in organization {organization!r}."
    full_name = check_project(REGISTRY_PREFIX + name)
    said = _upsert(
        client,
        failed,
        entity,
        full_name,
        description,
        visibility,
        not artifact_types,
        artifact_types or (),
    )
    if not said.get("inserted"):
        raise ValueError(failed)
    return Registry(client, organization, entity, name, said["project"])


def _upsert(
    client: Client,
    failed: str,
    entity: str,
    full_name: str,
    description: str | None,
    visibility: str,
    allow_all: bool,
    types: Any,
) -> dict[str, Any]:
    change = {
        "description": description,
        "entityName": entity,
        "name": full_name,
        "access": _access(visibility),
        "allowAllArtifactTypesInRegistry": allow_all,
        "artifactTypes": [{"name": kind} for kind in check_types(types)] or None,
    }
    try:
        said: dict[str, Any] | None = client.ask(documents.UPSERT_REGISTRY, input=change)[
            "upsertModel"
        ]
    except CommError as error:
        raise ValueError(f"{failed} {error}") from error
    if not said or not said.get("project"):
        raise ValueError(failed)
    return said


def _asked(client: Client, failed: str, document: str, change: dict[str, Any]) -> dict[str, Any]:
    """The project that a renaming came to."""
    try:
        said = client.ask(document, input=change).get("renameProject") or {}
    except CommError as error:
        raise ValueError(f"{failed}: {error}") from error
    if not said.get("project"):
        raise ValueError(failed)
    project: dict[str, Any] = said["project"]
    return project


def _access(visibility: str) -> str:
    if visibility not in _ACCESS:
        raise ValueError(
            f"Invalid visibility {visibility!r}. Expected one of: 'organization', 'restricted'"
        )
    return _ACCESS[visibility]
