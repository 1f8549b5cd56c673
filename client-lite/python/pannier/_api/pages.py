"""Owns lists that come page by page, fetched as far as they are looked at."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar, overload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


class Page(NamedTuple):
    """One answer."""

    items: list[Any]
    #: Where the next page begins; None after the last.
    next: str | None
    #: How many items there are on all pages, where the server says.
    total: int | None = None


class Pages(Generic[T]):
    """Iterate over it, index it, slice it. What was fetched is kept; make a new one
    to see what has changed since."""

    def __init__(self, per_page: int, start: str | None = None) -> None:
        self.per_page = per_page
        self.objects: list[T] = []
        self._after = start
        self._total: int | None = None
        self._done = False
        self._at = 0

    @property
    def cursor(self) -> str | None:
        """Where the next page begins: what another list takes as `start=`."""
        return self._after

    def _fetch(self, after: str | None) -> Page:
        """The page that begins after this cursor."""
        raise NotImplementedError

    def _more(self) -> bool:
        """Fetches one page, if there is one."""
        if self._done:
            return False
        page = self._fetch(self._after)
        self.objects.extend(page.items)
        self._total = page.total
        # A server that promises more without saying where would be asked forever.
        self._done = page.next is None or page.next == self._after
        self._after = page.next
        return True

    def _upto(self, count: int | None) -> None:
        while (count is None or len(self.objects) < count) and self._more():
            pass

    def __iter__(self) -> Iterator[T]:
        at = 0
        while True:
            self._upto(at + 1)
            if at >= len(self.objects):
                return
            yield self.objects[at]
            at += 1

    def __next__(self) -> T:
        self._upto(self._at + 1)
        if self._at >= len(self.objects):
            raise StopIteration
        self._at += 1
        return self.objects[self._at - 1]

    next = __next__

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        last = index.stop if isinstance(index, slice) else index + 1 if index >= 0 else None
        backward = isinstance(index, slice) and (
            (index.start or 0) < 0 or (index.stop or 0) < 0 or (index.step or 1) < 0
        )
        self._upto(None if backward else last)
        return self.objects[index]


class Counted(Pages[T]):
    """A list that knows its length without reading all of it, where the server says."""

    def __len__(self) -> int:
        if not self.objects:
            self._more()
        if self._total is None:
            self._upto(None)
            return len(self.objects)
        return self._total
