"""Owns filters of run sets written in Python; a run set keeps them as text.

Runset(filters=And(Config("lr") >= 0.1, Metric("State") == "finished"))
Runset(filters="Config('lr') >= 0.1 and Metric('State') == 'finished'")
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._filter_text import from_stored, to_stored
from ._filters import Tree, leaf, loosened, seconds, stored_tree
from ._kinds import Refused
from .metrics import spoken, stored

__all__ = [
    "And",
    "Config",
    "FilterExpr",
    "KeysInfo",
    "Metric",
    "Or",
    "Ordering",
    "Summary",
    "Tags",
]


@dataclass(frozen=True, eq=False)
class Side:
    """Base of what conditions are about: compare it to make one."""

    name: str
    SECTION: ClassVar[str] = ""

    def __eq__(self, other: object) -> FilterExpr:  # type: ignore[override]
        return FilterExpr("=", self, other)

    def __ne__(self, other: object) -> FilterExpr:  # type: ignore[override]
        return FilterExpr("!=", self, other)

    def __lt__(self, other: object) -> FilterExpr:
        return FilterExpr(loosened("<"), self, other)

    def __le__(self, other: object) -> FilterExpr:
        return FilterExpr("<=", self, other)

    def __gt__(self, other: object) -> FilterExpr:
        return FilterExpr(loosened(">"), self, other)

    def __ge__(self, other: object) -> FilterExpr:
        return FilterExpr(">=", self, other)

    def isin(self, values: list[Any]) -> FilterExpr:
        """It is one of these."""
        return FilterExpr("IN", self, list(values))

    def notin(self, values: list[Any]) -> FilterExpr:
        """It is none of these."""
        return FilterExpr("NIN", self, list(values))

    def within_last(self, amount: float, unit: str) -> FilterExpr:
        """It is so recent: of `CreatedTimestamp`, in minutes, hours or days."""
        return FilterExpr("WITHINSECONDS", self, seconds(amount, unit))

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def key(self) -> dict[str, str]:
        """Where it is stored: its section, and what it is called there."""
        name = stored(self.name) if self.SECTION == "run" else self.name
        return {"section": self.SECTION, "name": name}


@dataclass(frozen=True, eq=False)
class Metric(Side):
    """A fact about a run, such as `State` or `CreatedTimestamp`."""

    SECTION = "run"


@dataclass(frozen=True, eq=False)
class Summary(Side):
    """A value of the summary."""

    SECTION = "summary"


@dataclass(frozen=True, eq=False)
class Config(Side):
    """A config value."""

    SECTION = "config"


@dataclass(frozen=True, eq=False)
class Tags(Side):
    """The run's tags."""

    name: str = "tags"
    SECTION = "run"


@dataclass(frozen=True, eq=False)
class KeysInfo(Side):
    """What is known of a key that runs logged."""

    SECTION = "keys_info"


@dataclass(frozen=True)
class Ordering:
    """What a workspace's runs are ordered by."""

    item: Side
    ascending: bool = True


@dataclass(frozen=True)
class FilterExpr:
    """A condition. Compare a `Metric`, `Config`, `Summary` or `Tags` to make one."""

    op: str
    key: Side
    value: Any

    def tree(self) -> Tree:
        """Its leaf."""
        key = self.key.key()
        return leaf(key["section"], key["name"], self.op, self.value)


class _Several:
    """Base of what joins conditions."""

    OP = ""

    def __init__(self, *items: FilterExpr | And | Or) -> None:
        self.items = items

    def tree(self) -> Tree:
        """Its branch; what is joined alike within it is part of it."""
        inner: list[Tree] = []
        for one in self.items:
            made = _tree_of(one)
            inner += made["filters"] if made.get("filters") and made["op"] == self.OP else [made]
        return {"op": self.OP, "filters": inner}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.items))})"


class And(_Several):
    """All of these hold."""

    OP = "AND"


class Or(_Several):
    """One of these holds."""

    OP = "OR"


def of_key(key: dict[str, Any]) -> Side:
    """What is stored there."""
    section, name = key["section"], key["name"]
    for kind in (Summary, Config, KeysInfo):
        if section == kind.SECTION:
            return kind(name)
    return Metric(spoken(name))


def as_text(filters: Any) -> str:
    """Filters in any of the forms that people write, as text."""
    if isinstance(filters, str):
        to_stored(filters)
        return filters
    joined = And(*filters) if isinstance(filters, (list, tuple)) else filters
    return from_stored(stored_tree(_tree_of(joined)))


def _tree_of(one: Any) -> Tree:
    if not isinstance(one, (FilterExpr, _Several)):
        raise Refused(one)
    return one.tree()
