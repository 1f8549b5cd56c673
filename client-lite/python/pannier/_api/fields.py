"""Owns which fields of a run are asked for, and how they are read."""

from __future__ import annotations

from typing import Any

from .client import floats, json_text, parsed

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


def config_text(attrs: dict[str, Any]) -> str:
    """The config as it goes back: each value wrapped, the internal ones kept."""
    raw = attrs.get("rawconfig") or {}
    kept = {key: raw[key] for key in raw if key == "_wandb"}
    both = {**kept, **attrs["config"]}
    return json_text({key: {"value": value, "desc": None} for key, value in both.items()})


def editable(attrs: dict[str, Any]) -> dict[str, Any]:
    """What `update()` may send, by the name of its variable."""
    found = {
        "displayName": attrs.get("displayName"),
        "notes": attrs.get("notes"),
        "description": attrs.get("description"),
        "tags": list(attrs.get("tags") or ()),
        "groupName": attrs.get("group"),
        "jobType": attrs.get("jobType"),
    }
    if "config" in attrs:
        found["config"] = config_text(attrs)
    return found


def _unwrapped(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) and "value" in value else value
