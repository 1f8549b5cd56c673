"""Owns `Runs`: the runs of a project that a filter lets through, in an order."""

from __future__ import annotations

from typing import Any

from ..errors import NotFoundError, UsageError
from . import fields, history
from .client import json_text
from .pages import Counted, Page
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import Client

_DOCUMENT = """query Runs(
    $entity: String!, $project: String!, $filters: JSONString, $order: String,
    $after: String, $first: Int
) {
    project(name: $project, entityName: $entity) {
        runCount(filters: $filters)
        runs(filters: $filters, order: $order, after: $after, first: $first) {
            edges { node { %s } cursor }
            pageInfo { endCursor hasNextPage }
        }
    }
}"""
_LIGHT = _DOCUMENT % fields.LIGHT
_FULL = _DOCUMENT % f"{fields.LIGHT} {fields.HEAVY}"

OLDEST_FIRST = "+created_at"


class Runs(Counted[Run]):
    """Iterate over it, index it, slice it; `len()` is how many the filter lets through."""

    def __init__(
        self,
        client: Client,
        entity: str,
        project: str,
        filters: dict[str, Any] | None = None,
        order: str = OLDEST_FIRST,
        per_page: int = 50,
        lazy: bool = True,
    ) -> None:
        super().__init__(per_page)
        self._client = client
        self._lazy = lazy
        self.entity = entity
        self.project = project
        self.filters = filters or {}
        self.order = order or OLDEST_FIRST

    def _fetch(self, after: str | None) -> Page:
        found = self._client.ask(
            _LIGHT if self._lazy else _FULL,
            entity=self.entity,
            project=self.project,
            filters=json_text(self.filters),
            order=self.order,
            after=after,
            first=self.per_page,
        ).get("project")
        if found is None:
            raise NotFoundError(f"Could not find project {self.entity}/{self.project}")
        edges, info = found["runs"]["edges"], found["runs"]["pageInfo"]
        more = info["hasNextPage"] and edges
        return Page(
            [self._run(edge["node"]) for edge in edges],
            (edges[-1].get("cursor") or info["endCursor"]) if more else None,
            found["runCount"],
        )

    def _run(self, node: dict[str, Any]) -> Run:
        return Run(self._client, self.entity, self.project, node["name"], node, self._lazy)

    def upgrade_to_full(self) -> None:
        """Loads config and summary of the runs fetched so far, and of all to come."""
        self._lazy = False
        for run in self.objects:
            run.load_full_data()

    def histories(
        self,
        samples: int = 500,
        keys: list[str] | None = None,
        x_axis: str = "_step",
        format: str = "default",
        stream: str = "default",
    ) -> Any:
        """`history` of every run, with a column `run_id`: a list of dicts, or one frame
        of `pandas` or `polars`."""
        if format not in ("default", "pandas", "polars"):
            raise UsageError(f"format must be 'default', 'pandas' or 'polars', not {format!r}")
        per_run = {run.id: history.sample(run, samples, keys, x_axis, stream) for run in self}
        return history.framed(per_run, format)

    def __repr__(self) -> str:
        return f"<Runs {self.entity}/{self.project}>"
