"""Owns run sets: which runs a grid shows, in what order, and the columns of their table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import expr
from ._family import random_id
from ._filter_text import from_stored, to_stored
from ._kinds import FLAG, TEXT, WHOLE, Kind, many, maybe, pairs
from ._record import Record, at, record, records
from .metrics import GROUPING, OrderBy

_COLUMNS = many(TEXT, "strings")


@dataclass(repr=False)
class RunSettings(Record):
    """A run's colour in a grid, and whether it is left out of it."""

    color: str = at(TEXT, default="")
    disabled: bool = at(FLAG, default=False)


@dataclass(repr=False)
class Runset(Record):
    """Which runs a grid shows. Without `entity` and `project`: those of the report's."""

    entity: str = at(TEXT, "project.entityName", "")
    project: str = at(TEXT, "project.name", "")
    name: str = at(TEXT, "name", "Run set")
    #: Text to search names for.
    query: str = at(TEXT, "search.query", "")
    #: As text, or made with `pannier.reports.expr`; kept as text.
    filters: Any = at(
        Kind("text, or made with pannier.reports.expr", expr.as_text, to_stored, from_stored),
        "filters",
        "",
    )
    #: Such as `config.lr` or `Group`.
    groupby: list[str] = at(many(GROUPING, "strings such as 'config.lr'"), "grouping", list)
    order: list[OrderBy] = at(
        records(OrderBy), "sort.keys", lambda: [OrderBy("CreatedTimestamp", ascending=False)]
    )
    #: By id of a run.
    custom_run_colors: dict[str, str] = at(pairs(TEXT, "colours"), default=dict)
    run_settings: dict[str, RunSettings] = at(
        pairs(record(RunSettings), "RunSettings objects"), default=dict
    )
    pinned_columns: list[str] = at(_COLUMNS, default=list)
    visible_columns: list[str] = at(_COLUMNS, default=list)
    hidden_columns: list[str] = at(_COLUMNS, default=list)
    column_order: list[str] = at(_COLUMNS, default=list)
    column_widths: dict[str, int] = at(pairs(WHOLE, "whole numbers"), "runFeed.columnWidths", dict)
    #: No columns but the pinned and the visible ones.
    lock_columns: bool | None = at(maybe(FLAG), "runFeed.lockColumns")

    def __post_init__(self) -> None:
        self._id = random_id()
        #: 1: all runs but those of the tree; 0: none but those.
        self._root = 1
        #: What the server calls the project, once it was asked.
        self._project_id: Any = None
        for run, colour in self.custom_run_colors.items():
            self.run_settings.setdefault(run, RunSettings(color=colour))

    def _fresh(self) -> dict[str, Any]:
        made = super()._fresh()
        if self.entity and self.project:
            if self._project_id is not None:
                made["project"]["id"] = self._project_id
        else:
            del made["project"]
        listed = self._root != 0
        tree = [run for run, one in self.run_settings.items() if one.disabled == listed]
        return {
            "id": self._id,
            "enabled": True,
            **made,
            "runFeed": {**made["runFeed"], **self._columns()},
            "selections": {"root": self._root, "bounds": [], "tree": tree},
            "expandedRowAddresses": [],
        }

    def _columns(self) -> dict[str, Any]:
        """Which columns the table of runs has, and in what order."""
        hidden = _once(self.hidden_columns)
        pinned, visible, order = (
            [name for name in _once(names) if name not in hidden]
            for names in (self.pinned_columns, self.visible_columns, self.column_order)
        )
        order = _once([*order, *pinned, *visible])
        if self.lock_columns:
            order = [name for name in order if name in pinned or name in visible]
        return {
            "version": 2,
            "columnVisible": {**dict.fromkeys(hidden, False), **dict.fromkeys(order, True)},
            "columnPinned": dict.fromkeys(pinned, True),
            "columnOrder": order,
            "pageSize": 10,
            "onlyShowSelected": False,
        }

    def _take(self, came: dict[str, Any]) -> None:
        super()._take(came)
        self._id = came.get("id") or random_id()
        self._project_id = (came.get("project") or {}).get("id")
        selections = came.get("selections") or {}
        self._root = selections.get("root", 1)
        for node in selections.get("tree") or []:
            for run in [node] if isinstance(node, str) else node.get("children") or []:
                self.run_settings[run] = RunSettings(disabled=self._root != 0)
        feed = came.get("runFeed") or {}
        shown = feed.get("columnVisible") or {}
        self.column_order = list(feed.get("columnOrder") or [])
        self.pinned_columns = [
            name for name, pinned in (feed.get("columnPinned") or {}).items() if pinned
        ]
        self.hidden_columns = [name for name, is_shown in shown.items() if is_shown is False]
        left = {*self.pinned_columns, *self.hidden_columns}
        visible = [*self.column_order, *(name for name, is_shown in shown.items() if is_shown)]
        self.visible_columns = [name for name in _once(visible) if name not in left]


def _once(names: list[str]) -> list[str]:
    """The names, each at its first place only."""
    return list(dict.fromkeys(names))
