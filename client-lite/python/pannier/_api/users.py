"""Owns `User`: who asks, and whose a run is."""

from __future__ import annotations

from .attrs import Attrs

VIEWER = """query Viewer {
    viewer { id name username email admin flags entity teams { edges { node { name } } } }
}"""


class User(Attrs):
    """A person: `name`, `username`, `email`, `entity`."""

    @property
    def teams(self) -> list[str]:
        """The entities this person belongs to."""
        edges = (self._attrs.get("teams") or {}).get("edges") or []
        return [edge["node"]["name"] for edge in edges]

    def __repr__(self) -> str:
        name = self._attrs.get("username") or self._attrs.get("name")
        return f"<User {name}>"
