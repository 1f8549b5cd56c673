"""Owns projects: `Api.projects` and `Api.project`."""

from __future__ import annotations

from typing import Any

from ..errors import NotFoundError
from .attrs import Attrs
from .pages import Page, Pages
from .users import User

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .artifacts import ArtifactCollections, ArtifactTypes
    from .client import Client

_FIELDS = """id name entityName createdAt isBenchmark
    user { id name username email }"""

_ALL = f"""query Projects($entity: String, $after: String, $first: Int) {{
    models(entityName: $entity, after: $after, first: $first) {{
        edges {{ node {{ {_FIELDS} }} }}
        pageInfo {{ endCursor hasNextPage }}
    }}
}}"""

_ONE = f"""query Project($name: String!, $entity: String!) {{
    project(name: $name, entityName: $entity) {{ {_FIELDS} }}
}}"""

CREATE = """mutation CreateProject($input: UpsertModelInput!) {
    upsertModel(input: $input) { project { id name entityName } inserted }
}"""


class Projects(Pages["Project"]):
    """The projects of an entity."""

    def __init__(self, client: Client, entity: str, per_page: int = 50) -> None:
        super().__init__(per_page)
        self._client = client
        self.entity = entity

    def _fetch(self, after: str | None) -> Page:
        data = self._client.ask(_ALL, entity=self.entity, after=after, first=self.per_page)
        models = data.get("models") or {"edges": [], "pageInfo": {}}
        nodes = [edge["node"] for edge in models["edges"]]
        found = [Project(self._client, self.entity, node["name"], node) for node in nodes]
        info = models["pageInfo"]
        return Page(found, info.get("endCursor") if info.get("hasNextPage") else None)

    def __repr__(self) -> str:
        return f"<Projects {self.entity}>"


class Project(Attrs):
    """A project; asked of the server when more than its name is wanted."""

    def __init__(
        self, client: Client, entity: str, name: str, attrs: dict[str, Any] | None = None
    ) -> None:
        super().__init__(attrs or {})
        self._client = client
        self.entity = entity
        self.name = name

    @property
    def path(self) -> list[str]:
        """Entity and name."""
        return [self.entity, self.name]

    @property
    def url(self) -> str | None:
        """The project's page, where the server has pages."""
        return self._client.page(self.entity, self.name, "workspace")

    @property
    def owner(self) -> User:
        """Who made it."""
        self._load()
        return User(self._attrs.get("user") or {})

    def artifacts_types(self, per_page: int = 50, start: str | None = None) -> ArtifactTypes:
        """The types of artifacts that it has."""
        from .artifacts import ArtifactTypes

        return ArtifactTypes(self._client, self.entity, self.name, per_page, start)

    def collections(
        self,
        filters: dict[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> ArtifactCollections:
        """Its collections of artifacts, of all types."""
        from .artifacts import ArtifactCollections

        place = self._client, self.entity, self.name
        return ArtifactCollections(*place, None, filters, order, per_page, start)

    def _load(self) -> None:
        if not self._attrs:
            found = self._client.ask(_ONE, name=self.name, entity=self.entity).get("project")
            if found is None:
                raise NotFoundError(f"Could not find project {self.entity}/{self.name}")
            self._attrs = found

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            self._load()
        return super().__getattr__(name)

    def __repr__(self) -> str:
        return f"<Project {self.entity}/{self.name}>"
