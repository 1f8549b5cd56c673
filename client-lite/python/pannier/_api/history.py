"""Owns reading a run's rows back: samples of them, and all of them.

A sample is what a chart needs; a scan yields every row, in order, page by page.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from .. import _term
from ..errors import UsageError
from .client import floats, json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .run import Run

    Row = dict[str, Any]

_RUN = """($entity: String!, $project: String!, $name: String!, %s) {
    project(name: $project, entityName: $entity) { run(name: $name) { %s } }
}"""
_ROWS = "query HistoryRows" + _RUN % ("$samples: Int", "history(samples: $samples)")
_EVENTS = "query SystemRows" + _RUN % ("$samples: Int", "events(samples: $samples)")
_SAMPLED = "query SampledHistory" + _RUN % (
    "$specs: [JSONString!]!",
    "sampledHistory(specs: $specs)",
)
_SCAN = "query HistoryScan" + _RUN % (
    "$from: Int64!, $to: Int64!, $samples: Int!",
    "history(minStep: $from, maxStep: $to, samples: $samples)",
)

#: The most rows that are asked for at a time; well below what a server gives at once,
#: so that a page with fewer than were asked for is the last.
_PAGE_MAX = 10_000


def sample(run: Run, samples: int, keys: list[str] | None, x_axis: str, stream: str) -> list[Row]:
    """At most about `samples` rows. With `keys`, rows of just those and the x axis."""
    if keys is not None and not _are_names(keys):
        raise UsageError(f"keys must be a list of strings, not {keys!r}")
    if stream not in ("default", "system"):
        raise UsageError(f"stream must be 'default' or 'system', not {stream!r}")
    if keys and stream == "system":
        raise UsageError("keys can be chosen of the default stream only")
    if keys:
        spec = {"keys": list(dict.fromkeys([x_axis, *keys])), "samples": samples}
        return _sampled(run, spec)
    if stream == "system":
        return _rows(run._ask(_EVENTS, samples=samples)["events"])
    return _rows(run._ask(_ROWS, samples=samples)["history"])


class HistoryScan:
    """Every row of a run whose step is in `min_step <= step < max_step`.

    With `keys`, the rows that have all of them, with `_step` besides. Iterating again
    reads again.
    """

    def __init__(
        self,
        run: Run,
        keys: list[str] | None = None,
        page_size: int = 1000,
        min_step: int = 0,
        max_step: int | None = None,
    ) -> None:
        if keys is not None and not _are_names(keys):
            raise UsageError(f"keys must be a list of strings, not {keys!r}")
        if page_size < 1:
            raise UsageError(f"page_size must be 1 or more, not {page_size!r}")
        end = run.lastHistoryStep + 1
        self.run = run
        self.keys = keys
        self.page_size = page_size
        self.min_step = min_step
        self._stop = end if max_step is None else min(max_step, end)
        self._reading = self._read()

    @property
    def max_step(self) -> int:
        """The last step that can be yielded."""
        return self._stop - 1

    def __iter__(self) -> Iterator[Row]:
        self._reading = self._read()
        return self

    def __next__(self) -> Row:
        return next(self._reading)

    def _read(self) -> Iterator[Row]:
        at, size = self.min_step, min(self.page_size, _PAGE_MAX)
        while at < self._stop:
            rows = self._page(at, size)
            if not rows:
                return
            last, full = rows[-1]["_step"], len(rows) >= size
            # Several writers may have logged at one step, and a full page may end
            # between their rows: its last step is read again.
            whole = [row for row in rows if row["_step"] < last] if full else rows
            if not whole:
                size *= 2
                continue
            yield from (row for row in whole if row["_step"] < self._stop)
            at = last if full else last + 1

    def _page(self, start: int, size: int) -> list[Row]:
        """The first rows from this step on, this many at most."""
        if not self.keys:
            found = self.run._ask(_SCAN, **{"from": start, "to": self._stop, "samples": size})
            return _rows(found["history"])
        keys = list(dict.fromkeys(["_step", *self.keys]))
        return _sampled(self.run, {"keys": keys, "minStep": start, "samples": size})


def frame(rows: list[Row]) -> Any:
    """The rows as a pandas.DataFrame; the rows themselves, and a warning, without pandas."""
    try:
        import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        _term.warn_once("pandas is not installed; history(pandas=False) asks for a list")
        return rows
    return pandas.DataFrame.from_records(rows)


def framed(per_run: dict[str, list[Row]], form: str) -> Any:
    """The rows of many runs with a column `run_id`: a list, or one frame of pandas or
    polars with its columns in order."""
    rows = [{**row, "run_id": run} for run, found in per_run.items() for row in found]
    if form == "default":
        return rows
    library = _library(form)
    columns = sorted({key for row in rows for key in row})
    if form == "pandas":
        return library.DataFrame.from_records(rows, columns=columns)
    found = library.from_dicts(rows, infer_schema_length=None) if rows else library.DataFrame()
    return found.select(columns)


def _library(form: str) -> Any:
    from importlib import import_module

    try:
        return sys.modules.get(form) or import_module(form)
    except ImportError:
        raise UsageError(f'format="{form}" needs {form}: pip install {form}') from None


def _sampled(run: Run, spec: dict[str, Any]) -> list[Row]:
    rows: list[Row] = run._ask(_SAMPLED, specs=[json_text(spec)])["sampledHistory"][0]
    return [floats(row) for row in rows]


def _rows(lines: list[str]) -> list[Row]:
    return [floats(json.loads(line)) for line in lines]


def _are_names(keys: Any) -> bool:
    return isinstance(keys, list) and all(isinstance(key, str) for key in keys)
