"""Owns a run's summary as something that can be changed: `run.summary.update(…)`.

What is set stays here until `update`, which sends the keys that were set, and
nothing where none was: a run that is still going keeps what it has reached since.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: Takes all of it, and the keys of it that were changed.
    Publish = Callable[[dict[str, Any], set[str]], None]


class SummaryPart(MutableMapping[str, Any]):
    """A dict whose nested dicts are of this class, too; keys are attributes as well."""

    _json_dict: dict[str, Any]
    _root: Summary
    _top: str | None

    def __init__(
        self, items: dict[str, Any], root: Summary | None = None, top: str | None = None
    ) -> None:
        object.__setattr__(self, "_json_dict", items)
        object.__setattr__(self, "_root", root or self)
        #: The key of the whole summary that this is a part of.
        object.__setattr__(self, "_top", top)

    def update(  # type: ignore[override]
        self, key_vals: Any = None, overwrite: bool = True
    ) -> None:
        """Sets these keys, if any, and sends what was set since the last time."""
        for key, value in dict(key_vals or {}).items():
            if overwrite or key not in self:
                self[key] = value
        self._root._send()

    def __getitem__(self, key: str) -> Any:
        key = _clean(key)
        value = self._json_dict[key]
        return (
            SummaryPart(value, self._root, self._top or key) if isinstance(value, dict) else value
        )

    def __setitem__(self, key: str, value: Any) -> None:
        self._json_dict[_clean(key)] = _plain_dict(value)
        self._root._changed.add(self._top or _clean(key))

    def __delitem__(self, key: str) -> None:
        del self._json_dict[_clean(key)]
        self._root._changed.add(self._top or _clean(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._json_dict)

    def __len__(self) -> int:
        return len(self._json_dict)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self._json_dict:
            return self[name]
        raise AttributeError(f"the summary has no key {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __repr__(self) -> str:
        return repr(self._json_dict)


class Summary(SummaryPart):
    """The summary of one run."""

    _publish: Publish
    _changed: set[str]

    def __init__(self, items: dict[str, Any], publish: Publish) -> None:
        super().__init__(items)
        object.__setattr__(self, "_publish", publish)
        object.__setattr__(self, "_changed", set())

    def _send(self) -> None:
        if self._changed:
            self._publish(self._json_dict, self._changed)
            self._changed.clear()


def _clean(key: object) -> str:
    return str(key).strip()  # as W&B does


def _plain_dict(value: Any) -> Any:
    """Parts of this or another summary as the dicts that they show."""
    if isinstance(value, SummaryPart):
        return value._json_dict
    return {str(k): _plain_dict(v) for k, v in value.items()} if isinstance(value, dict) else value
