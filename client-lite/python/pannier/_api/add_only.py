"""Owns a list of which the saved part cannot be changed any more."""

from __future__ import annotations

from collections.abc import Iterable, MutableSequence
from typing import Any


class AddOnlyArtifactTypesList(MutableSequence[str]):
    """The types that a registry takes: what was saved, and what is to be added."""

    def __init__(self, saved: Iterable[str] = ()) -> None:
        self._saved = tuple(saved)
        self._draft: list[str] = []

    @property
    def draft(self) -> tuple[str, ...]:
        """What is not saved yet."""
        return tuple(self._draft)

    def append(self, value: str) -> None:
        """Adds a type, if it is not there."""
        if value not in self:
            self._draft.append(value)

    def insert(self, index: int, value: str) -> None:
        """Adds a type before others that are not saved yet."""
        if value not in self:
            self._draft.insert(self._place(index, len(self) + 1), value)

    def remove(self, value: str) -> None:
        """Takes out a type that is not saved yet."""
        if value in self._saved:
            raise ValueError(
                f"Cannot remove artifact type: {value!r} that has been saved to the registry"
            )
        self._draft.remove(value)

    def _place(self, index: int, length: int) -> int:
        at = index if index >= 0 else index + length
        if at < len(self._saved):
            raise ValueError(f"Cannot change saved item at index {index!r}")
        return at - len(self._saved)

    def __getitem__(self, index: Any) -> Any:
        return [*self._saved, *self._draft][index]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            raise TypeError("a list of types takes no assignment to slices")
        if value not in self:
            self._draft[self._place(index, len(self))] = value

    def __delitem__(self, index: Any) -> None:
        if isinstance(index, slice):
            raise TypeError("a list of types takes no deletion of slices")
        del self._draft[self._place(index, len(self))]

    def __len__(self) -> int:
        return len(self._saved) + len(self._draft)

    def __eq__(self, other: object) -> bool:
        return list(self) == other if isinstance(other, list) else self is other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"AddOnlyArtifactTypesList(saved={list(self._saved)!r}, draft={self._draft!r})"
