"""Owns which organization an entity belongs to, and `Organization`."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._artifacts import documents
from ..errors import NotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import Client


class Belongs(NamedTuple):
    """An organization, as a member of it sees it."""

    name: str
    #: The entity that its registries are in.
    entity: str


def organization_of(client: Client, entity: str | None, wanted: str | None = None) -> Belongs:
    """The organization of an entity; where it has several, the `wanted` one, by its name
    or that of its entity. `NotFoundError` where that is not one, or not clear."""
    if not entity:
        raise NotFoundError("Entity name is required to resolve org entity name.")
    found = client.ask(documents.ORGANIZATIONS_OF, entity=entity).get("entity") or {}
    team, user = found.get("organization"), found.get("user") or {}
    said = [team] if team else list(user.get("organizations") or ())
    known = [Belongs(org["name"], org["orgEntity"]["name"]) for org in said if org.get("orgEntity")]
    fits = [org for org in known if not wanted or wanted in org]
    if len(fits) == 1:
        return fits[0]
    names = ", ".join(sorted(org.name for org in known)) or "none"
    if wanted:
        raise NotFoundError(
            f"{wanted!r} is no organization of {entity!r}, which belongs to: {names}."
            " Please update the target path with the correct organization name."
        )
    if not known:
        raise NotFoundError(f"Unable to find an organization under entity {entity!r}.")
    raise NotFoundError(
        f"{entity!r} belongs to multiple organizations: {names}. Please specify the"
        " organization in the Registry path or use a team entity in the entity settings."
    )


class OrgEntity(NamedTuple):
    """The entity of an organization."""

    id: str
    name: str
    entity_type: str


class Organization:
    """An organization: `id`, `name`, `org_entity`."""

    def __init__(self, said: dict[str, Any]) -> None:
        entity = said["orgEntity"]
        self.id: str = said["id"]
        self.name: str = said["name"]
        self.org_entity = OrgEntity(entity["id"], entity["name"], entity["entityType"])

    def __repr__(self) -> str:
        return f"Organization(name={self.name!r}, org_entity={self.org_entity!r})"


def organization(client: Client, name: str) -> Organization:
    """The organization of this name."""
    said = client.ask(documents.ORGANIZATION, org=name).get("organization")
    if not said or not said.get("orgEntity"):
        raise NotFoundError(f"Organization {name!r} not found.")
    return Organization(said)
