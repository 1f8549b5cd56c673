"""Owns how a server's answer becomes attributes: `created_at` of `createdAt`."""

from __future__ import annotations

from typing import Any


class Attrs:
    """What a server said of one thing, each field an attribute in snake case."""

    _attrs: dict[str, Any]

    def __init__(self, attrs: dict[str, Any]) -> None:
        self._attrs = attrs

    def __getattr__(self, name: str) -> Any:
        # Only reached for what the class does not define. Names with an underscore
        # are asked for by copy and pickle before there is an `_attrs`.
        if not name.startswith("_"):
            for key in (_camel(name), name):
                if key in self._attrs:
                    return self._attrs[key]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")


def field(key: str, doc: str) -> Any:
    """A property over one of the server's fields; setting it stays here until `update()`."""

    def read(self: Attrs) -> Any:
        return self._attrs.get(key)

    def write(self: Attrs, value: Any) -> None:
        self._attrs[key] = value

    return property(read, write, doc=doc)


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.title() for word in tail)
