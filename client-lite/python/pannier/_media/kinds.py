"""Owns what kinds of values a table's columns have, as W&B names them, and the
making of objects from an artifact's JSON."""

from __future__ import annotations

from typing import Any

from .base import Value, suffixed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._artifacts.artifact import Artifact

#: W&B's types that say all there is to say of a column.
_SIMPLE = ("boolean", "number", "string", "timestamp")


def kind_of(value: Any) -> str:
    """The kind of one value."""
    if value is None:
        return "none"
    if getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Value):
        return value._log_type
    if hasattr(value, "timestamp"):
        return "timestamp"
    return "list" if isinstance(value, (list, tuple)) or hasattr(value, "shape") else "any"


def type_of(kind: str, optional: bool = True) -> dict[str, Any]:
    """A column's type for W&B's readers. Where they would want to know what is inside
    of the values, it is `any`: the values say so themselves."""
    if kind == "none":
        return {"wb_type": "none"}
    if kind not in _SIMPLE:
        return {"wb_type": "any"}
    if not optional:
        return {"wb_type": kind}
    both = sorted(["none", kind])
    return {"wb_type": "union", "params": {"allowed_types": [{"wb_type": one} for one in both]}}


def restored(value: Any, said: dict[str, Any] | None, artifact: Artifact) -> Any:
    """A cell from its JSON; `said` is the type of its column."""
    if isinstance(value, dict) and "_type" in value:
        kind = classes().get(value["_type"])
        return value if kind is None else kind._from_artifact(value, artifact)
    if value is not None and "timestamp" in repr(said) and isinstance(value, (int, float)):
        from datetime import datetime, timezone

        return datetime.fromtimestamp(value / 1000, tz=timezone.utc)
    if value in ("NaN", "Infinity", "-Infinity") and "number" in repr(said):
        return float(value)
    return value


def classes() -> dict[str, type[Value]]:
    """What can be made of an artifact's JSON, by its `_type`."""
    from .charts import Histogram
    from .files import Audio, Html, Video
    from .image import Image
    from .table import Table

    return {kind._log_type: kind for kind in (Audio, Histogram, Html, Image, Table, Video)}


def get(artifact: Artifact, name: str) -> Any:
    """The object that was added as `name`; None where there is none."""
    import json

    for ending, kind in classes().items():
        path = suffixed(name, ending)
        if artifact.manifest.get_entry_by_path(path) is not None:
            with open(artifact.get_entry(path).download(), encoding="utf-8") as file:
                return kind._from_artifact(json.load(file), artifact)
    return None
