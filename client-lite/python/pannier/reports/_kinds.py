"""Owns what a field may hold: how a value is checked, and how it stands in JSON.

Knows no class of a report; those say which kind each of their fields is of.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Callable

from ..errors import UsageError


class FieldError(UsageError, ValueError):
    """A value that a field of a report cannot hold."""


class Refused(Exception):
    """A value that is not of the kind; whoever knows the field's name says so."""

    def __init__(self, value: object, why: str = "") -> None:
        super().__init__(value, why)
        self.value = value
        self.why = why


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Kind:
    """What a field may hold."""

    #: For people, after "must be".
    allowed: str
    #: Returns the value as it is kept, or raises `Refused`.
    check: Callable[[Any], Any]
    #: To JSON; None is left out.
    encode: Callable[[Any], Any] = _same
    #: From JSON. What is not there stands for the field's default, or for None where
    #: that may be.
    decode: Callable[[Any], Any] = _same
    optional: bool = False


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused(value)
    return value


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if type(value).__name__ in ("bool_", "bool"):  # numpy's
        return bool(value)
    raise Refused(value)


def _whole(value: Any) -> int:
    number = _number(value)
    if not number.is_integer():
        raise Refused(value)
    return int(number)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise Refused(value)
    number = float(value)
    if not math.isfinite(number):
        raise Refused(value)
    return number


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Refused(value)
    return dict(value)


TEXT = Kind("a string", _text)
FLAG = Kind("True or False", _flag)
WHOLE = Kind("a whole number", _whole)
NUMBER = Kind("a number", _number)
DICT = Kind("a dict", _dict)


def choice(*values: Any) -> Kind:
    """One of these."""

    def check(value: Any) -> Any:
        if not any(value is one or (type(value) is type(one) and value == one) for one in values):
            raise Refused(value)
        return value

    return Kind("one of " + ", ".join(map(repr, values)), check)


def text_upto(length: int) -> Kind:
    """A string that is not longer than this."""

    def check(value: Any) -> str:
        if len(_text(value)) > length:
            raise Refused(value, f"it has {len(value)} characters")
        return str(value)

    return Kind(f"a string of at most {length} characters", check)


def maybe(kind: Kind) -> Kind:
    """None, or what the kind allows."""

    def unless_none(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda value: None if value is None else of(value)

    return Kind(
        f"{kind.allowed}, or None",
        unless_none(kind.check),
        unless_none(kind.encode),
        unless_none(kind.decode),
        optional=True,
    )


def many(kind: Kind, plural: str, alone: bool = False) -> Kind:
    """A list of what the kind allows, `plural` in words; with `alone`, one is a list of one."""

    def check(value: Any) -> list[Any]:
        if alone:
            with suppress(Refused):
                return [kind.check(value)]
        if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
            raise Refused(value)
        return [kind.check(item) for item in value]

    return Kind(
        f"a list of {plural}",
        check,
        lambda values: [kind.encode(kind.check(value)) for value in values],
        lambda values: [kind.decode(value) for value in values],
    )


def pairs(kind: Kind, plural: str) -> Kind:
    """A dict from strings to what the kind allows, `plural` in words."""

    def check(value: Any) -> dict[str, Any]:
        return {_text(key): kind.check(item) for key, item in _dict(value).items()}

    def encode(value: Any) -> dict[str, Any]:
        return {key: kind.encode(item) for key, item in value.items()}

    return Kind(f"a dict of strings to {plural}", check, encode)


def _range(value: Any) -> tuple[float | None, float | None]:
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        raise Refused(value)
    ends = tuple(value)
    if len(ends) != 2:
        raise Refused(value)
    low, high = (None if end is None else _number(end) for end in ends)
    return low, high


RANGE = Kind("a pair (low, high) of numbers or None", _range)
