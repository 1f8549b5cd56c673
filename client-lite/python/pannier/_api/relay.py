"""Owns lists of GraphQL's connections: which document asks for a page, where in the
answer it is, and what becomes of each of its edges."""

from __future__ import annotations

from typing import Any, TypeVar

from ..errors import NotFoundError
from .pages import Counted, Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import Client

T = TypeVar("T")


class Relay(Counted[T]):
    """Base of the lists of artifacts, collections and registries."""

    #: The document, the way to the connection in its answer, and what is listed.
    DOCUMENT = ""
    WAY: tuple[str, ...] = ()

    def __init__(
        self,
        client: Client,
        variables: dict[str, Any],
        per_page: int,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page, start)
        self._client = client
        self._variables = variables

    def _fetch(self, after: str | None) -> Page:
        found: Any = self._client.ask(
            self.DOCUMENT, **self._variables, after=after, first=self.per_page
        )
        for key in self.WAY:
            found = (found or {}).get(key)
        if found is None:
            raise NotFoundError(f"Could not find {self._what()}")
        info = found["pageInfo"]
        made = [self._make(edge) for edge in found["edges"] if edge and edge.get("node")]
        return Page(
            [item for item in made if item is not None],
            info.get("endCursor") if info.get("hasNextPage") else None,
            found.get("totalCount"),
        )

    def _make(self, edge: dict[str, Any]) -> T | None:
        """What an edge stands for; None leaves it out."""
        raise NotImplementedError

    def _what(self) -> str:
        """What is listed, for people."""
        raise NotImplementedError
