"""Owns `Table`: rows and columns, with media in the cells where one likes.

Logged, it is a file of the run, for pages that show it, and an artifact of the type
`run_table`, from which it can be read back with what is in its cells.
"""

from __future__ import annotations

import re
from typing import Any

from .. import _term
from .._artifacts.artifact import Artifact
from .._values import plain
from .base import Media, Value, module_of, need
from .kinds import kind_of, restored, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Union

    from .rows import Place

    Column = Union[str, int]

_LOG_MODES = ("IMMUTABLE",)


class Table(Media):
    """A table of any values. What is in a column is of one kind, or None, unless
    `allow_mixed_types`. It is logged once: what is changed after that is not."""

    MAX_ROWS = 10_000
    MAX_ARTIFACT_ROWS = 200_000
    _log_type = "table"
    _folder = "media/table"

    def __init__(
        self,
        columns: list[Column] | None = None,
        data: Any = None,
        rows: list[Sequence[Any]] | None = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: bool | list[bool] = True,
        allow_mixed_types: bool = False,
        log_mode: str | None = "IMMUTABLE",
    ) -> None:
        super().__init__()
        if log_mode not in _LOG_MODES:
            raise ValueError(f"log_mode {log_mode!r} is not there yet; {_LOG_MODES[0]} is")
        if dtype is not None:
            _term.warn_once("dtype of pannier.Table is ignored; kinds are taken from the data")
        self.log_mode = log_mode
        self._mixed = allow_mixed_types
        self._kinds: dict[Column, str] = {}
        self._row_of: tuple[str, dict[str, Any]] | None = None
        self.data: list[list[Any]] = []
        given: Any = rows if data is None else data
        if dataframe is None and module_of(given) == "pandas":
            dataframe = given
        if dataframe is not None:
            columns = [_name(column) for column in dataframe.columns]
            given = [list(row) for row in dataframe.itertuples(index=False, name=None)]
        self.columns: list[Column] = (
            ["Input", "Output", "Expected"] if columns is None else list(columns)
        )
        if not all(type(column) in (str, int) for column in self.columns):
            raise AssertionError("columns argument expects list of strings or ints")
        flags = [optional] * len(self.columns) if isinstance(optional, bool) else list(optional)
        if len(flags) != len(self.columns):
            raise AssertionError("optional must be one bool, or one for each column")
        self._required = {c for c, may in zip(self.columns, flags) if not may}
        if hasattr(given, "tolist"):
            given = given.tolist()
        for row in given or []:
            self.add_data(*row)

    def add_data(self, *data: Any) -> None:
        """Adds a row: a value for each column."""
        if len(data) != len(self.columns):
            raise ValueError(
                f"This table expects {len(self.columns)} columns: {self.columns}, found {len(data)}"
            )
        self._changed()
        kinds = {c: self._fits(c, value) for c, value in zip(self.columns, data)}
        self._kinds.update(kinds)
        self.data.append([_scalar(value) for value in data])

    def add_row(self, *row: Any) -> None:
        """Another name of `add_data`."""
        self.add_data(*row)

    def add_column(self, name: Column, data: Any, optional: bool = False) -> None:
        """Adds a column: a value for each row."""
        values = data.tolist() if hasattr(data, "tolist") else data
        if not isinstance(values, list):
            raise AssertionError("data must be a list or a numpy array")
        if not isinstance(name, str):
            raise AssertionError("the name of a column must be a string")
        if name in self.columns:
            raise AssertionError(f"the table has a column {name!r} already")
        if self.columns and len(values) != len(self.data):
            raise AssertionError(f"expected {len(self.data)} values, not {len(values)}")
        self._changed()
        if not self.columns:
            self.data = [[] for _ in values]
        before = dict(self._kinds)
        try:
            for value in values:
                self._kinds[name] = self._fits(name, value)
        except TypeError:
            self._kinds = before
            raise
        for row, value in zip(self.data, values):
            row.append(_scalar(value))
        self.columns.append(name)
        if not optional:
            self._required.add(name)

    def get_column(self, name: Column, convert_to: str | None = None) -> Any:
        """A column's values, as a list, or with `convert_to="numpy"` as an array."""
        if convert_to not in (None, "numpy"):
            raise AssertionError("convert_to must be None or 'numpy'")
        if name not in self.columns:
            raise AssertionError(f"the table has no column {name!r}; it has {self.columns}")
        at = self.columns.index(name)
        found = [row[at] for row in self.data]
        if convert_to is None:
            return found
        return need("numpy", "numpy", "get_column(convert_to='numpy')").array(found)

    def get_index(self) -> list[int]:
        """The numbers of its rows."""
        return list(range(len(self.data)))

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yields the number and the values of each row."""
        yield from enumerate(self.data)

    def get_dataframe(self) -> Any:
        """The table as a `pandas.DataFrame`."""
        pandas = need("pandas", "pandas", "get_dataframe()")
        return pandas.DataFrame.from_records(self.data, columns=self.columns)

    def _fits(self, column: Column, value: Any) -> str:
        """The kind of a column that gets this value."""
        known, kind = self._kinds.get(column, "none"), kind_of(value)
        if self._mixed:
            return "any"
        if kind == "none" and column in self._required:
            raise TypeError(f"column {column!r} is not optional, so it takes no None")
        if "none" in (known, kind):
            return kind if known == "none" else known
        if known != kind:
            raise TypeError(
                f"column {column!r} holds values of the kind {known}, not {kind}; give"
                " allow_mixed_types=True to mix them"
            )
        return kind

    def _changed(self) -> None:
        if self._row_of is not None:
            _term.warn_once(
                "a pannier.Table that was logged is logged as it was then; make a new one for"
                " rows to come"
            )

    def _to_row(self, place: Place) -> dict[str, Any]:
        if self._row_of is not None and self._row_of[0] == place.run_id:
            return self._row_of[1]
        name = _artifact_name(f"run-{place.run_id}-{place.key}")
        # The type is W&B's own, which users' artifacts cannot have.
        artifact = Artifact(name, "table")
        artifact._type = "run_table"
        entry = artifact.add(self, place.key)
        place.log_artifact(artifact)
        if len(self.data) > self.MAX_ROWS:
            _term.warn_once(
                f"the page of a table shows {self.MAX_ROWS} rows; its artifact has"
                f" {min(len(self.data), self.MAX_ARTIFACT_ROWS)} of {len(self.data)}"
            )
        shown = [[_shown(cell) for cell in row] for row in self.data[: self.MAX_ROWS]]
        self._hold_json({"columns": self.columns, "data": shown}, ".table.json")
        row = super()._to_row(place)
        row["_type"] = "table-file"
        logged, latest = artifact._client_id, f"{artifact._sequence_client_id}:latest"
        row["artifact_path"] = f"wandb-client-artifact://{logged}/{entry.path}"
        row["_latest_artifact_path"] = f"wandb-client-artifact://{latest}/{entry.path}"
        row.update(ncols=len(self.columns), nrows=len(self.data), log_mode=self.log_mode)
        self._row_of = (place.run_id, row)
        return row

    def _in_artifact(self, artifact: Artifact) -> dict[str, Any]:
        rows = self.data[: self.MAX_ARTIFACT_ROWS]
        kinds = {str(column): type_of(self._kinds.get(column, "none")) for column in self.columns}
        for column in self._required:
            kinds[str(column)] = type_of(self._kinds.get(column, "none"), optional=False)
        return {
            "_type": self._log_type,
            "columns": self.columns,
            "data": [[_stored(cell, artifact) for cell in row] for row in rows],
            "ncols": len(self.columns),
            "nrows": len(rows),
            "column_types": {"wb_type": "typedDict", "params": {"type_map": kinds}},
            "log_mode": self.log_mode,
        }

    @classmethod
    def _from_artifact(cls, said: dict[str, Any], artifact: Artifact) -> Table:
        types = ((said.get("column_types") or {}).get("params") or {}).get("type_map") or {}
        table = cls(said["columns"], allow_mixed_types=True)
        for row in said["data"]:
            cells = zip(said["columns"], row)
            table.add_data(*(restored(v, types.get(str(c)), artifact) for c, v in cells))
        return table

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Table) and self.columns == other.columns and self.data == other.data
        )

    __hash__ = None


def _stored(cell: Any, artifact: Artifact) -> Any:
    """A cell as the artifact's JSON has it."""
    if isinstance(cell, Value):
        return cell._in_artifact(artifact)
    if isinstance(cell, dict):
        return {str(key): _stored(value, artifact) for key, value in cell.items()}
    if isinstance(cell, (list, tuple)):
        return [_stored(value, artifact) for value in cell]
    if hasattr(cell, "timestamp"):
        return int(cell.timestamp() * 1000)
    return plain(cell)


def _shown(cell: Any) -> Any:
    """A cell as the run's file has it: of media, the kind's name."""
    return type(cell).__name__ if isinstance(cell, Value) else plain(cell)


def _scalar(value: Any) -> Any:
    """numpy's scalars as Python's, which are what is read back."""
    return value.item() if getattr(value, "shape", None) == () else value


def _name(column: Any) -> Column:
    return column if type(column) is int else str(column)


def _artifact_name(wanted: str) -> str:
    """W&B's form of a name with characters that artifacts' names cannot have."""
    allowed = re.sub(r"[^a-zA-Z0-9_\-.]+", "", wanted)
    if allowed == wanted:
        return wanted
    from base64 import urlsafe_b64encode
    from zlib import crc32

    check = urlsafe_b64encode(crc32(wanted.encode()).to_bytes(4, "big")).rstrip(b"=")
    return f"{allowed}-{check.decode('ascii')}"
