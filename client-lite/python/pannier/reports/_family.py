"""Owns the two families that a report is made of, blocks and panels: how one that was
read finds its class, and what stands in for one that no class knows."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

from ._kinds import WHOLE, Kind, Refused
from ._record import Record, at, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

#: What reading raises where JSON is not as a class expects it.
NOT_THIS = (AttributeError, IndexError, KeyError, TypeError, ValueError)


@dataclass(repr=False)
class Block(Record):
    """Base of the blocks."""

    #: The node's type, and what every node of the class has beside its fields.
    TYPE: ClassVar[str] = ""
    ALSO: ClassVar[dict[str, Any]] = {}
    #: By type; where several share one, the first that understands a node has it.
    _classes: ClassVar[dict[str, list[type[Block]]]] = {}

    def __init_subclass__(cls) -> None:
        if cls.TYPE:
            Block._classes.setdefault(cls.TYPE, []).append(cls)

    def _fresh(self) -> dict[str, Any]:
        return {"type": self.TYPE, "children": [{"text": ""}], **self.ALSO, **super()._fresh()}


@dataclass(repr=False)
class Layout(Record):
    """Where a panel is on its grid, which is 24 wide."""

    x: int = at(WHOLE, "x", 0)
    y: int = at(WHOLE, "y", 0)
    w: int = at(WHOLE, "w", 8)
    h: int = at(WHOLE, "h", 6)


#: The field that every panel ends with.
LAYOUT = record(Layout)


@dataclass(repr=False)
class Panel(Record):
    """Base of the panels. Their fields stand in the `config` of the JSON object."""

    TYPE: ClassVar[str] = ""
    ALSO: ClassVar[dict[str, Any]] = {}
    _classes: ClassVar[dict[str, list[type[Panel]]]] = {}

    def __init_subclass__(cls) -> None:
        if cls.TYPE:
            Panel._classes.setdefault(cls.TYPE, []).append(cls)

    @property
    def _id(self) -> str:
        """The panel's id within its report."""
        return str(self.__dict__.setdefault("_own_id", random_id()))

    def _fresh(self) -> dict[str, Any]:
        made = super()._fresh()
        layout = made.pop("layout")
        config = {**copy.deepcopy(self.ALSO), **made}
        return {"__id__": self._id, "layout": layout, "viewType": self.TYPE, "config": config}

    def _take(self, came: dict[str, Any]) -> None:
        self.__dict__["_own_id"] = came.get("__id__") or random_id()
        super()._take({**came["config"], "layout": came.get("layout")})


class Unknown(Record):
    """Base of what stands in for JSON that no class knows: written back as it came."""

    def __new__(cls, **_fields: Any) -> Self:
        return object.__new__(cls)

    def __init__(self, **fields: Any) -> None:
        self.__dict__["_held"] = fields

    @classmethod
    def _of(cls, came: dict[str, Any]) -> Any:
        return cls(**copy.deepcopy(came))

    def _json(self) -> dict[str, Any]:
        return copy.deepcopy(self._held)

    def __getattr__(self, name: str) -> Any:
        # Copying asks for names with an underscore before there is anything.
        if name == "_held" or name not in self._held:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}")
        return self._held[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self._held[name] = value

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__["_held"] == self._held

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._held.items())
        return f"{type(self).__name__}({fields})"


class UnknownBlock(Unknown, Block):
    """A block that this version does not know."""


class UnknownPanel(Unknown, Panel):
    """A panel that this version does not know."""


def random_id() -> str:
    """An id for something within a report."""
    from .._session import _random_id

    return _random_id()


def _read_block(came: dict[str, Any]) -> Any:
    return _read(Block._classes.get(str(came.get("type")), []), came) or UnknownBlock._of(came)


def _read_panel(came: dict[str, Any]) -> Any:
    return _read(Panel._classes.get(str(came.get("viewType")), []), came) or UnknownPanel._of(came)


def _read(classes: list[Any], came: dict[str, Any]) -> Any:
    for cls in classes:
        try:
            return cls._of(came)
        except NOT_THIS:
            continue
    return None


def _member(family: type[Block] | type[Panel]) -> Any:
    def check(value: Any) -> Any:
        if not isinstance(value, family):
            raise Refused(value, _hint(family, value))
        return value

    return check


def _hint(family: type[Block] | type[Panel], value: object) -> str:
    """What is wrong with a value where a plain "not that" would not help."""
    if isinstance(value, type) and issubclass(value, family):
        return f"{value.__name__} is a class: write {value.__name__}(...)"
    if family is Block and isinstance(value, Panel):
        return f"{type(value).__name__} is a panel: put it into PanelGrid(panels=[...])"
    if family is Block and isinstance(value, str):
        return f"write P({value[:40]!r}) for a paragraph"
    return ""


BLOCK = Kind("a block", _member(Block), lambda block: _member(Block)(block)._json(), _read_block)
PANEL = Kind("a panel", _member(Panel), lambda panel: _member(Panel)(panel)._json(), _read_panel)
