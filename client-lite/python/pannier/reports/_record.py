"""Owns what every part of a report is made of: a dataclass whose fields say how they
stand in JSON, and which writes back as it came what nobody changed.

Knows no block, panel or run set.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any, TypeVar

from ._kinds import FieldError, Kind, Refused, many, maybe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

R = TypeVar("R", bound="Record")

_NEEDED: Any = dataclasses.MISSING


def at(
    kind: Kind,
    key: str | tuple[str, ...] = "",
    default: Any = _NEEDED,
    init: bool = True,
) -> Any:
    """A field of this kind under a key of the JSON object; a dot leads into an object in
    it, several keys take the parts of a pair, and without a key the class writes the
    field itself. A default that can be called makes one."""
    given: dict[str, Any] = {"metadata": {"kind": kind, "key": key}, "init": init}
    if kind.optional and default is _NEEDED:
        default = None
    if callable(default):
        return dataclasses.field(default_factory=default, **given)
    return dataclasses.field(default=default, **given)


def _fields(cls: type[Any]) -> dict[str, dataclasses.Field[Any]]:
    return {field.name: field for field in dataclasses.fields(cls)}


class Record:
    """Base of everything in a report. Fields are checked when they are set."""

    def __new__(cls, *_args: Any, **given: Any) -> Self:
        for name in given:
            if name not in _fields(cls):
                raise TypeError(_no_field(cls, name))
        return super().__new__(cls)

    def _fresh(self) -> dict[str, Any]:
        """The JSON object that the fields make."""
        made: dict[str, Any] = {}
        for name, field in _fields(type(self)).items():
            key = field.metadata["key"]
            if key:
                self._put(made, name, field.metadata["kind"], key)
        return made

    def _put(self, made: dict[str, Any], name: str, kind: Kind, key: str | tuple[str, ...]) -> None:
        try:
            value = kind.encode(getattr(self, name))
        except Refused as refused:
            raise _error(type(self), name, kind, refused) from None
        keys, values = (key, value) if isinstance(key, tuple) else ((key,), (value,))
        for path, part in zip(keys, values):
            if part is not None:
                *way, last = path.split(".")
                inner = made
                for step in way:
                    inner = inner.setdefault(step, {})
                inner[last] = part

    def _take(self, came: dict[str, Any]) -> None:
        """Sets the fields from a JSON object, with no more doubt than it takes to read it."""
        for name, field in _fields(type(self)).items():
            key, kind = field.metadata["key"], field.metadata["kind"]
            keys = key if isinstance(key, tuple) else (key,)
            found = [_found(came, path) if path else None for path in keys]
            if isinstance(key, tuple):
                value: Any = kind.decode(tuple(found))
            elif found[0] is None:
                value = None if kind.optional and key else _default(field)
            else:
                value = kind.decode(found[0])
            object.__setattr__(self, name, value)

    def _json(self) -> dict[str, Any]:
        """The JSON object to save: where this was read, what was not changed since is
        as it came, with all that only its writer understands."""
        new = self._fresh()
        if "_came" not in self.__dict__:
            return new
        came, seen = self.__dict__["_came"]
        merged: dict[str, Any] = copy.deepcopy(_merged(came, seen, new))
        return merged

    @classmethod
    def _of(cls, came: dict[str, Any]) -> Self:
        """Reads a JSON object."""
        made = cls.__new__(cls)
        made._read(came)
        return made

    def _read(self, came: dict[str, Any]) -> None:
        """Becomes what a JSON object says, and remembers how it said it."""
        self._take(came)
        self.__dict__["_came"] = (copy.deepcopy(came), self._fresh())

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not isinstance(getattr(type(self), name, None), property):
            value = _checked(type(self), name, value)
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        shown = []
        for name, field in _fields(type(self)).items():
            value = getattr(self, name)
            if value is not None and value != _default(field):
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


def record(cls: type[R], *others: type[Record], named: str = "") -> Kind:
    """A kind: one of these classes of records, which the first one's `_of` reads."""
    classes = (cls, *others)

    def check(value: Any) -> Any:
        if not isinstance(value, classes):
            raise Refused(value)
        return value

    allowed = named or " or ".join(f"a {one.__name__}" for one in classes)
    return Kind(allowed, check, lambda value: check(value)._json(), cls._of)


def records(cls: type[R]) -> Kind:
    """A kind: a list of records of this class."""
    return many(record(cls), f"{cls.__name__} objects")


def maybe_records(cls: type[R]) -> Kind:
    """A kind: a list of records of this class, or None."""
    return maybe(records(cls))


def check_all(obj: Any) -> None:
    """Checks the fields of a frozen dataclass, which never sets them again."""
    for field in dataclasses.fields(obj):
        value = _checked(type(obj), field.name, getattr(obj, field.name))
        object.__setattr__(obj, field.name, value)


def _checked(cls: type[Any], name: str, value: Any) -> Any:
    field = _fields(cls).get(name)
    if field is None:
        raise AttributeError(_no_field(cls, name))
    kind: Kind = field.metadata["kind"]
    try:
        return kind.check(value)
    except Refused as refused:
        raise _error(cls, name, kind, refused) from None


def _no_field(cls: type[Any], name: str) -> str:
    names = ", ".join(name for name in _fields(cls) if name[0] != "_")
    return f"{cls.__name__} has no field {name!r}; it has {names or 'none'}"


def _error(cls: type[Any], name: str, kind: Kind, refused: Refused) -> FieldError:
    value = repr(refused.value)
    value = value if len(value) <= 80 else f"{value[:77]}..."
    why = refused.why or f"not {value} ({type(refused.value).__name__})"
    return FieldError(f"{cls.__name__}.{name} must be {kind.allowed}; {why}")


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    if field.default is not dataclasses.MISSING:
        return field.default
    return None


def _found(came: dict[str, Any], path: str) -> Any:
    found: Any = came
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _merged(came: Any, seen: Any, new: Any) -> Any:
    """What to write: `came` is what was read, `seen` what we made of it, `new` what we
    make of it now. Where the last two agree, it stays as it came."""
    if seen == new:
        return came
    if not (isinstance(came, dict) and isinstance(seen, dict) and isinstance(new, dict)):
        return new
    made = {}
    for key in {**came, **new}:
        if key not in new:
            if key not in seen:
                made[key] = came[key]
        elif key in seen and seen[key] == new[key]:
            if key in came:
                made[key] = came[key]
        elif key in seen and key in came:
            made[key] = _merged(came[key], seen[key], new[key])
        else:
            made[key] = new[key]
    return made
