"""Owns which fields of a run are asked for, and how they are read."""

from __future__ import annotations

from typing import Any

from .client import floats, json_text, parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: What a list of runs needs.
LIGHT = """id projectId name displayName state tags group jobType notes description
    createdAt heartbeatAt commit readOnly sweepName historyLineCount
    user { name username }"""
#: What is large, and asked for when it is looked at.
HEAVY = "config summaryMetrics systemMetrics historyKeys"

#: Keys of a config that are W&B's own.
_INTERNAL = ("_wandb", "wandb_version")


def read(found: dict[str, Any]) -> dict[str, Any]:
    """A run's fields with those that are JSON in strings taken apart. `config` holds
    the user's values, `rawconfig` the internal ones besides."""
    attrs = dict(found)
    if "config" in attrs:
        raw = {key: _unwrapped(value) for key, value in parsed(attrs["config"]).items()}
        attrs["rawconfig"] = raw
        attrs["config"] = {key: raw[key] for key in raw if key not in _INTERNAL}
    for key in ("summaryMetrics", "systemMetrics"):
        if key in attrs:
            attrs[key] = parsed(attrs[key])
    if "historyKeys" in attrs:
        attrs["historyKeys"] = floats(attrs["historyKeys"])
    return attrs


def wrapped(config: dict[str, Any]) -> dict[str, Any]:
    """A config as W&B keeps it."""
    return {key: {"value": value, "desc": None} for key, value in config.items()}


def texts(items: dict[str, Any]) -> dict[str, str]:
    """Each value as JSON, to see later which of them was changed."""
    return {key: json_text(value) for key, value in items.items()}


def patched(theirs: dict[str, Any], mine: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """What is there, with these keys as they are here, or gone as they are here."""
    keys = set(keys)
    kept = {key: value for key, value in theirs.items() if key not in keys}
    return {**kept, **{key: value for key, value in mine.items() if key in keys}}


def editable(attrs: dict[str, Any]) -> dict[str, Any]:
    """What `update()` may send besides the config, by the name of its variable."""
    return {
        "displayName": attrs.get("displayName"),
        "notes": attrs.get("notes"),
        "description": attrs.get("description"),
        "tags": list(attrs.get("tags") or ()),
        "groupName": attrs.get("group"),
        "jobType": attrs.get("jobType"),
    }


def _unwrapped(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) and "value" in value else value
