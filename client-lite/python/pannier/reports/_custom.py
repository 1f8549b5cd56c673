"""Owns the custom chart: a query for the runs' values, and what a chart makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._family import LAYOUT, Layout, Panel
from ._kinds import DICT, TEXT, Kind
from ._record import at

#: What every query asks for, and of how many runs.
_ALWAYS: dict[str, Any] = {"id": [], "name": []}
_RUNS = [{"name": "runSets", "value": "${runSets}"}, {"name": "limit", "value": 500.0}]


def _query(query: dict[str, Any]) -> list[dict[str, Any]]:
    asked = {key: value for key, value in query.items() if key not in ("runSets", "limit")}
    left = {key: value for key, value in _ALWAYS.items() if key not in asked}
    return [{"name": "runSets", "args": _RUNS, "fields": _nodes({**asked, **left})}]


def _nodes(asked: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = []
    for name, value in asked.items():
        if isinstance(value, dict) and value:
            nodes.append({"name": name, "args": _nodes(value), "fields": []})
        elif value is None or value == {}:
            nodes.append({"name": name, "fields": []})
        else:
            nodes.append({"name": name, "value": value})
    return nodes


def _asked(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in nodes:
        if node.get("args"):
            found[node["name"]] = _asked(node["args"])
        else:
            found[node["name"]] = node.get("value")
    return found


def _from_query(came: list[dict[str, Any]]) -> dict[str, Any]:
    asked = _asked(came[0].get("fields") or [])
    return {key: value for key, value in asked.items() if _ALWAYS.get(key, ...) != value}


@dataclass(repr=False)
class CustomChart(Panel):
    """A chart of your own."""

    TYPE = "Vega2"
    ALSO = {"transform": {"name": "tableWithLeafColNames"}}

    query: dict[str, Any] = at(
        Kind(DICT.allowed, DICT.check, _query, _from_query), "userQuery.queryFields", dict
    )
    chart_name: str = at(TEXT, "panelDefId", "")
    chart_fields: dict[str, Any] = at(DICT, "fieldSettings", dict)
    chart_strings: dict[str, Any] = at(DICT, "stringSettings", dict)
    layout: Layout = at(LAYOUT, "layout", Layout)

    @classmethod
    def from_table(
        cls,
        table_name: str,
        chart_fields: dict[str, Any] | None = None,
        chart_strings: dict[str, Any] | None = None,
    ) -> CustomChart:
        """A chart of a table that runs logged."""
        query = {"summaryTable": {"tableKey": table_name}}
        return cls(query=query, chart_fields=chart_fields or {}, chart_strings=chart_strings or {})
