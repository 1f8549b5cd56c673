"""Owns `run.summary`: what a run came to, as the program sees it.

Three layers, later ones winning: earlier lives of a resumed run, what the
native side keeps of logged values, and what the program set by hand. A value
set by hand holds until the metric of that name is logged again.
"""

from __future__ import annotations

import json

from ._values import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Publish = Callable[[dict[str, Any], list[str]], None]

_MISSING: Any = object()


class _Items:
    """A dict with attribute access, nested; base of `Summary` and its parts."""

    def _all(self) -> dict[str, Any]:
        raise NotImplementedError

    def update(self, d: dict[str, Any]) -> None:
        """Sets several keys."""
        raise NotImplementedError

    def _remove(self, key: str) -> None:
        raise NotImplementedError

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or `default`."""
        try:
            return self[key]
        except KeyError:
            return default

    def keys(self) -> list[str]:
        """The keys."""
        return list(self._all())

    def values(self) -> list[Any]:
        """The values."""
        return list(self._all().values())

    def items(self) -> list[tuple[str, Any]]:
        """The keys and values."""
        return list(self._all().items())

    def __getitem__(self, key: str) -> Any:
        value = _find(self._all(), key)
        if value is _MISSING:
            raise KeyError(key)
        return _Part(self, key, value) if isinstance(value, dict) else value

    def __setitem__(self, key: str, value: object) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        if key not in self._all():
            raise KeyError(key)
        self._remove(key)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary has no key {name!r}") from None

    def __setattr__(self, name: str, value: object) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __contains__(self, key: str) -> bool:
        return _find(self._all(), key) is not _MISSING

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, _Items) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._all())


class Summary(_Items):
    """The run's summary; `summary["best"] = 0.9`, `summary["loss"]["min"]`."""

    _earlier: dict[str, Any]
    _current: Callable[[], str]
    _publish: Publish
    _own: dict[str, tuple[Any, Any]]

    def __init__(
        self, earlier: dict[str, Any], current: Callable[[], str], publish: Publish
    ) -> None:
        object.__setattr__(self, "_earlier", earlier)
        object.__setattr__(self, "_current", current)
        object.__setattr__(self, "_publish", publish)
        # By key: the value set by hand (or _MISSING: removed) and what the
        # metric stood at then, by which one sees whether it was logged since.
        object.__setattr__(self, "_own", {})

    def update(self, d: dict[str, Any]) -> None:
        """Sets several keys; they show until a metric of that name is logged."""
        logged = self._logged()
        for key, value in d.items():
            self._own[str(key)] = (plain(value), logged.get(key, _MISSING))
        if d:
            self._publish({str(key): self._own[str(key)][0] for key in d}, [])

    def _remove(self, key: str) -> None:
        self._own[key] = (_MISSING, self._logged().get(key, _MISSING))
        self._publish({}, [key])

    def _logged(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._current())
        return found

    def _all(self) -> dict[str, Any]:
        logged = self._logged()
        merged = {**self._earlier, **logged}
        for key, (value, stood_at) in self._own.items():
            if logged.get(key, _MISSING) == stood_at:
                merged.pop(key, None)
                if value is not _MISSING:
                    merged[key] = value
        return {key: _said(value) for key, value in merged.items()}


class _Part(_Items):
    """A dict inside the summary; setting in it sets the whole of it."""

    def __init__(self, parent: _Items, key: str, held: dict[str, Any]) -> None:
        object.__setattr__(self, "_parent", parent)
        object.__setattr__(self, "_name", key)
        object.__setattr__(self, "_held", held)

    def _all(self) -> dict[str, Any]:
        held: dict[str, Any] = self.__dict__["_held"]
        return held

    def update(self, d: dict[str, Any]) -> None:
        """Sets several keys."""
        self._all().update({str(key): plain(value) for key, value in d.items()})
        self.__dict__["_parent"].update({self.__dict__["_name"]: self._all()})

    def _remove(self, key: str) -> None:
        del self._all()[key]
        self.__dict__["_parent"].update({self.__dict__["_name"]: self._all()})


def _find(items: dict[str, Any], key: str) -> Any:
    """The value of `a.b`, whether it was recorded as `a.b` or inside of `a`."""
    if key in items:
        return items[key]
    prefix = f"{key}."
    nested = {k[len(prefix) :]: v for k, v in items.items() if k.startswith(prefix)}
    if nested:
        return nested
    head, dot, tail = key.partition(".")
    inside = items.get(head) if dot else None
    return inside.get(tail, _MISSING) if isinstance(inside, dict) else _MISSING


def _said(value: Any) -> Any:
    """Numbers that JSON cannot say, from the words that stand for them."""
    if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if isinstance(value, dict):
        return {key: _said(inner) for key, inner in value.items()}
    return value
