"""Owns how a row with media is logged: files first, then the row that names them.

The native `log` asks `encode` for what is no number; that stops it with `HasMedia`
before anything is recorded, and the row comes here, with its keys and its step. So
rows of numbers pay nothing for media.
"""

from __future__ import annotations

from typing import Any

from .. import _term
from .._values import Whole, dumps, plain
from .base import Value, module_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._artifacts.artifact import Artifact
    from .._run import Run


class Place:
    """Where in a run a value is logged."""

    def __init__(self, run: Run, key: str, step: int) -> None:
        self._run = run
        self.key = key
        self.step = step
        self.run_id: str = run.id

    def log_file(self, path: str, local: str) -> None:
        """Makes a file part of the run, as it is now."""
        self._run._session.log_file(path, local)

    def log_artifact(self, artifact: Artifact) -> None:
        """Logs a version that goes with the value."""
        self._run._log_artifact(artifact)


def log(run: Run, data: Mapping[str, Any], step: Any, commit: bool | None) -> None:
    """Logs a row that has media in it; a value that fails is warned about and left out."""
    data = dict(data)
    at = _step(run, step)
    # A step that has passed is refused below; its files would be nobody's.
    row = _row(run, data, at) if at >= run.step else _without(data)
    run._session.log(row, step, commit)


def _step(run: Run, step: Any) -> int:
    """The step that the native side will take."""
    try:
        return run.step if step is None else int(step)
    except (TypeError, ValueError, OverflowError):
        return int(run.step)


def _row(run: Run, data: Mapping[str, Any], step: int, prefix: str = "") -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in data.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            row[str(name)] = _row(run, value, step, f"{key}.")
            continue
        try:
            row[str(name)] = _value(value, Place(run, key, step))
        except Exception as error:  # training goes on, whatever is wrong with a picture
            _term.warn_once(f"could not log {key!r}, left out: {error}")
    return row


def _value(value: Any, place: Place) -> Any:
    value = as_media(value)
    if isinstance(value, Value):
        return Whole(dumps(plain_whole(value._to_row(place))))
    if isinstance(value, (list, tuple)) and value:
        items = [as_media(item) for item in value]
        if all(isinstance(item, Value) for item in items):
            kind = type(items[0])
            if all(type(item) is kind for item in items):
                return Whole(dumps(plain_whole(kind._list_to_row(items, place))))
            return Whole(dumps([plain_whole(item._to_row(place)) for item in items]))
    return value


def as_media(value: Any) -> Any:
    """Figures and data frames as the media that they are logged as."""
    kind = module_of(value)
    if kind == "pandas" and hasattr(value, "columns"):
        from .table import Table

        return Table(dataframe=value)
    if kind == "plotly" and hasattr(value, "to_plotly_json"):
        from .charts import Plotly

        return Plotly(value)
    if is_figure(value):
        from .charts import Plotly
        from .image import Image

        try:
            return Plotly(value)
        except Exception:  # no plotly, or a figure that it cannot take over
            return Image(value)
    return value


def is_figure(value: Any) -> bool:
    """Whether it is a figure of matplotlib, or can show one."""
    return module_of(value) == "matplotlib" and (
        hasattr(value, "savefig") or hasattr(value, "figure")
    )


def plain_whole(said: Any) -> Any:
    """A row's JSON, with the lists of histograms however long."""
    if isinstance(said, dict):
        return {key: plain_whole(value) for key, value in said.items()}
    if isinstance(said, list):
        return [plain_whole(item) for item in said]
    return plain(said)


def _without(data: Mapping[str, Any]) -> dict[str, Any]:
    kinds = (bool, int, float, str)
    return {str(key): value for key, value in data.items() if isinstance(value, kinds)}
