"""Owns what the filters of a run set are: a tree of conditions, and the list of them
that is stored and that the dashboard edits.

The tree's branches are `{"op": "AND" or "OR", "filters": […]}`, its leaves conditions.
"""

from __future__ import annotations

import warnings
from typing import Any

from ._kinds import FieldError
from .metrics import spoken

Tree = dict[str, Any]

_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def leaf(section: str, name: str, op: str, value: Any) -> Tree:
    """A condition, as it is stored."""
    if op == "WITHINSECONDS" and name != "createdAt":
        raise FieldError(f"within_last is of CreatedTimestamp only, not of {spoken(name)}")
    if (section, name) == ("run", "state"):
        value = _lower(value)
    return {"key": {"section": section, "name": name}, "op": op, "value": value, "disabled": False}


def _lower(value: Any) -> Any:
    if isinstance(value, list):
        return [_lower(one) for one in value]
    return value.lower() if isinstance(value, str) else value


def seconds(amount: float, unit: str) -> int:
    """How many seconds these minutes, hours or days are."""
    each = _SECONDS.get(str(unit).lower().rstrip("s"))
    if each is None:
        raise FieldError(f"within_last is in minutes, hours or days, not {unit!r}")
    return int(amount * each)


def loosened(op: str) -> str:
    """The operator that stands in for `<` or `>`: the dashboard knows no strict order."""
    warnings.warn(f"filters know no {op!r}: it means {op + '='!r} in them", stacklevel=3)
    return f"{op}="


def stored_tree(tree: Tree) -> dict[str, Any]:
    """The stored form of a tree."""
    items = _items(tree, 0)
    if len(items) == 1 and "filters" in items[0]:
        items = items[0]["filters"]
    return {"filterFormat": "filterV2", "filters": items}


def _items(tree: Tree, depth: int) -> list[dict[str, Any]]:
    """The conditions of a tree, each with what joins it to the one before. AND binds
    closer than OR, so only an OR within an AND needs parentheses of its own."""
    if tree.get("key") is not None:
        return [dict(tree)] if tree["key"].get("name") else []
    items: list[dict[str, Any]] = []
    for child in tree.get("filters") or []:
        grouped = child.get("key") is None and child["op"] == "OR" and tree["op"] == "AND"
        if grouped and depth:
            raise FieldError(
                "filters have parentheses within parentheses; one level is all there is"
            )
        inner = _items(child, depth + grouped)
        if grouped and len(inner) > 1:
            inner = [{"filters": inner}]
        if inner and items:
            inner[0] = {**inner[0], "connector": tree["op"]}
        items += inner
    return items
