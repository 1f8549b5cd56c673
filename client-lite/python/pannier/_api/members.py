"""Owns who belongs to a registry, in which role."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple, Union

from .._artifacts import documents
from .users import User

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import Client

ROLES = ("admin", "member", "viewer", "restricted_viewer")


class Team(NamedTuple):
    """A team: its id and name."""

    id: str
    name: str


class UserMember(NamedTuple):
    """A user and the role."""

    user: User
    role: str


class TeamMember(NamedTuple):
    """A team and its role."""

    team: Team
    role: str


Member = Union[User, Team, UserMember, TeamMember, str]


def users(client: Client, entity: str, project: str) -> list[UserMember]:
    """The users among a registry's members."""
    said = client.ask(documents.USER_MEMBERS, entity=entity, project=project)["project"] or {}
    return [
        UserMember(User(member), member["role"]["name"]) for member in said.get("members") or ()
    ]


def teams(client: Client, entity: str, project: str) -> list[TeamMember]:
    """The teams among a registry's members."""
    said = client.ask(documents.TEAM_MEMBERS, entity=entity, project=project)["project"] or {}
    return [
        TeamMember(Team(member["team"]["id"], member["team"]["name"]), member["role"]["name"])
        for member in said.get("teamMembers") or ()
    ]


def change(client: Client, document: str, project_id: str, who: tuple[Member, ...]) -> None:
    """Adds or removes members."""
    if not who:
        raise TypeError("Must provide at least one member.")
    ids = sorted({_id(member) for member in who})
    said = client.ask(
        document,
        input={
            "userIds": [one for one in ids if _kind(one) == "User"],
            "teamIds": [one for one in ids if _kind(one) == "Entity"],
            "projectId": project_id,
        },
    )["result"]
    if not (said or {}).get("success"):
        raise ValueError("the server did not change the registry's members")


def set_role(client: Client, project_id: str, member: Member, role: str) -> None:
    """Gives a member another role."""
    if role not in ROLES:
        raise ValueError(f"{role!r} is no role; there are {', '.join(ROLES)}")
    who = _id(member)
    document, keys = (
        (documents.SET_USER_ROLE, ("userId", "userProjectRole"))
        if _kind(who) == "User"
        else (documents.SET_TEAM_ROLE, ("teamId", "teamProjectRole"))
    )
    said = client.ask(document, input={keys[0]: who, keys[1]: role, "projectId": project_id})
    if not (said["result"] or {}).get("success"):
        raise ValueError(f"Failed to update member {member!r} role to {role!r}")


def _id(member: Any) -> str:
    if isinstance(member, UserMember):
        member = member.user
    if isinstance(member, TeamMember):
        member = member.team
    found = member if isinstance(member, str) else getattr(member, "id", None)
    if not isinstance(found, str) or _kind(found) not in ("User", "Entity"):
        raise TypeError(f"a member is a user, a team, or the id of one; not {member!r}")
    return found


def _kind(member_id: str) -> str:
    try:
        return base64.b64decode(member_id, validate=True).decode().partition(":")[0]
    except ValueError:
        return ""
