"""Owns reports and saved workspaces on the server: `Api.reports`, and saving and reading one.

What a spec says is of no concern here: `pannier.reports` and `pannier.workspaces` make
and read it.
"""

from __future__ import annotations

import json
from typing import Any

from .._values import plain
from ..errors import NotFoundError
from . import projects
from .attrs import Attrs
from .relay import Relay
from .users import User

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import Client

_ALL = """query ProjectViews(
    $entity: String!, $project: String!, $name: String, $after: String, $first: Int
) {
    project(name: $project, entityName: $entity) {
        allViews(viewType: "runs", viewName: $name, first: $first, after: $after) {
            edges { node {
                id name displayName description createdAt updatedAt spec
                user { username photoUrl email }
            } cursor }
            pageInfo { endCursor hasNextPage }
        }
    }
}"""

_ONE = """query SpecificReport($id: ID!) {
    view(id: $id) {
        id name displayName description createdAt updatedAt spec project { id name entityName }
    }
}"""

_NAMED = """query View($entity: String!, $project: String!, $type: String, $name: String) {
    project(name: $project, entityName: $entity) {
        allViews(viewType: $type, viewName: $name) { edges { node { id displayName spec } } }
    }
}"""

_PROJECT = """query ProjectInternalId($entity: String!, $project: String!) {
    project(name: $project, entityName: $entity) { internalId }
}"""

_SAVE = """mutation UpsertView(
    $id: ID, $name: String, $entityName: String, $projectName: String, $type: String,
    $displayName: String, $description: String, $spec: String
) {
    upsertView(input: {
        id: $id, name: $name, entityName: $entityName, projectName: $projectName, type: $type,
        displayName: $displayName, description: $description, spec: $spec,
        createdUsing: WANDB_SDK
    }) { view { id } inserted }
}"""

_DELETE = """mutation DeleteView($id: ID!) {
    deleteView(input: { id: $id, deleteDrafts: true }) { success }
}"""


def project_id(client: Client, entity: str, project: str) -> Any:
    """The id that the server gave a project; None where it has none of the name."""
    found = client.ask(_PROJECT, entity=entity, project=project).get("project")
    return None if found is None else found["internalId"]


def save(client: Client, entity: str, project: str, *, spec: Any, **fields: Any) -> str:
    """Saves a report or workspace; its id, which is new where none was given."""
    if project_id(client, entity, project) is None:
        client.ask(projects.CREATE, input={"name": project, "entityName": entity})
    place = {"entityName": entity, "projectName": project}
    text = json.dumps(spec, separators=(",", ":"), allow_nan=False, default=plain)
    told = client.ask(_SAVE, **place, **fields, spec=text)
    return str(told["upsertView"]["view"]["id"])


def load(client: Client, id: str) -> dict[str, Any]:
    """A report, with its spec read."""
    view: dict[str, Any] | None = client.ask(_ONE, id=id).get("view")
    if view is None:
        raise NotFoundError(f"the server has no report {id}; was it deleted?")
    return {**view, "spec": _spec(view)}


def named(client: Client, entity: str, project: str, name: str) -> dict[str, Any]:
    """A saved workspace, with its spec read."""
    place = {"entity": entity, "project": project}
    found = client.ask(_NAMED, **place, type="project-view", name=name).get("project") or {}
    edges = (found.get("allViews") or {}).get("edges") or []
    if not edges:
        raise NotFoundError(f"{entity}/{project} has no saved workspace {name!r}")
    view: dict[str, Any] = edges[0]["node"]
    return {**view, "spec": _spec(view)}


def delete(client: Client, id: str) -> bool:
    """Deletes a report with its drafts; False where it was not there."""
    told = client.ask(_DELETE, id=id).get("deleteView") or {}
    return bool(told.get("success"))


def page(client: Client, entity: str, project: str, title: str, id: str) -> str | None:
    """The address of a report's page."""
    slug = f"{title.replace(' ', '-')}--{id.rstrip('=')}"
    return client.page(entity, project, "reports", slug)


def _spec(view: dict[str, Any]) -> dict[str, Any]:
    spec = json.loads(view.get("spec") or "{}")
    return spec if isinstance(spec, dict) else {}


class Reports(Relay["BetaReport"]):
    """The reports of a project, the last saved first."""

    DOCUMENT = _ALL
    WAY = ("project", "allViews")

    def __init__(
        self, client: Client, entity: str, project: str, name: str | None, per_page: int
    ) -> None:
        variables = {"entity": entity, "project": project, "name": name}
        super().__init__(client, variables, per_page)

    def _make(self, edge: dict[str, Any]) -> BetaReport:
        place = self._variables["entity"], self._variables["project"]
        return BetaReport(self._client, *place, edge["node"])

    def _what(self) -> str:
        return f"project {self._variables['entity']}/{self._variables['project']}"

    def __repr__(self) -> str:
        return f"<Reports {self._variables['entity']}/{self._variables['project']}>"


class BetaReport(Attrs):
    """A report that was saved: `id`, `name`, `display_name`, `description`, `created_at`,
    `updated_at`. `pannier.reports.Report.from_url` makes one that can be edited."""

    def __init__(self, client: Client, entity: str, project: str, attrs: dict[str, Any]) -> None:
        super().__init__(attrs)
        self._client = client
        self.entity = entity
        self.project = project

    @property
    def spec(self) -> dict[str, Any]:
        """The page: W&B's JSON of it."""
        return _spec(self._attrs)

    @property
    def user(self) -> User:
        """Who saved it last."""
        return User(self._attrs.get("user") or {})

    @property
    def sections(self) -> list[dict[str, Any]]:
        """The grids of panels on the page."""
        return [
            block["metadata"]
            for block in self.spec.get("blocks") or []
            if block.get("type") == "panel-grid"
        ]

    @property
    def url(self) -> str | None:
        """Its page, where the server has pages."""
        title, id = self._attrs.get("displayName") or "", self._attrs["id"]
        return page(self._client, self.entity, self.project, title, id)

    def __repr__(self) -> str:
        return f"<Report {self.entity}/{self.project}/{self._attrs.get('displayName')}>"
