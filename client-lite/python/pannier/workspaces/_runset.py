"""Owns which runs a workspace shows, how, and in what colours."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Union
from urllib.parse import quote, unquote

from .. import _term
from ..reports._family import random_id
from ..reports._filter_text import from_stored, to_stored
from ..reports._kinds import FLAG, TEXT, Kind, Refused, many, maybe, pairs
from ..reports._record import Record, at, record
from ..reports._runset import RunSettings
from ..reports.expr import Config, Metric, Ordering, Side, as_text, of_key
from ..reports.metrics import config_name, for_grouping

#: What a column of the runs' names is called; among pinned columns it is the first.
_NAMES = "run:displayName"
_GROUP = "run-color-group:"
#: What JavaScript's encodeURIComponent leaves as it is.
_PLAIN = "-_.!~*'()"


@dataclass(frozen=True)
class RunRef:
    """A run of another project."""

    slug: str
    entity: str | None = None
    project: str | None = None


class GroupPath:
    """A group within groups: the value of each thing that runs are grouped by."""

    def __init__(self, *segments: str) -> None:
        self.segments = segments

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupPath) and other.segments == self.segments

    def __hash__(self) -> int:
        return hash(self.segments)

    def __repr__(self) -> str:
        return f"GroupPath({', '.join(map(repr, self.segments))})"


Pin = Union[str, RunRef]


def _pin(value: Any) -> Any:
    if isinstance(value, str) and "/" in value:
        parts = value.split("/")
        if len(parts) != 3 or not all(parts):
            raise Refused(value)
        return RunRef(parts[2], parts[0], parts[1])
    if not isinstance(value, (str, RunRef)):
        raise Refused(value)
    return value


def _side(value: Any) -> Any:
    if not isinstance(value, Side):
        raise Refused(value)
    return value


def _grouping(side: Side) -> dict[str, str]:
    key = side.key()
    return for_grouping(f"{key['section']}.{key['name']}")


def _from_grouping(key: dict[str, Any]) -> Side:
    return Config(config_name(key["name"])) if key["section"] == "config" else of_key(key)


def _ordering(value: Any) -> Any:
    if not isinstance(value, Ordering):
        raise Refused(value)
    return value


def _sort(one: Ordering) -> dict[str, Any]:
    return {"key": one.item.key(), "ascending": one.ascending}


def _from_sort(came: dict[str, Any]) -> Ordering:
    return Ordering(of_key(came["key"]), bool(came.get("ascending", False)))


_PIN = Kind("a run's id, 'entity/project/id' or RunRef", _pin)
_GROUPING = Kind("", _side, _grouping, _from_grouping)
_ORDER = Kind("", _ordering, _sort, _from_sort)
_FILTERS = Kind("text, or made with this module's classes", as_text, to_stored, from_stored)
#: Said only where it is so.
_REGEX = Kind(FLAG.allowed, FLAG.check, lambda one: one or None, bool)


@dataclass(repr=False)
class RunsetSettings(Record):
    """Which runs a workspace shows."""

    #: Text to search names for, or a regular expression.
    query: str = at(TEXT, "search.query", "")
    regex_query: bool = at(_REGEX, "search.isRegex", False)
    filters: Any = at(_FILTERS, "filters", "")
    groupby: list[Any] = at(many(_GROUPING, "Config, Metric or Summary objects"), "grouping", list)
    order: list[Ordering] = at(
        many(_ORDER, "Ordering objects"),
        "sort.keys",
        lambda: [Ordering(Metric("CreatedTimestamp"), ascending=False)],
    )
    #: By id of a run.
    run_settings: dict[str, RunSettings] = at(
        pairs(record(RunSettings), "RunSettings objects"), default=dict
    )
    #: By value of what runs are grouped by, or GroupPath.
    group_colors: dict[Any, str] = at(Kind("a dict", dict), default=dict)
    pinned_columns: list[str] = at(many(TEXT, "strings"), default=list)
    baseline_run: Pin | None = at(maybe(_PIN))
    pinned_runs: list[Pin] = at(many(_PIN, "runs' ids or RunRef objects"), default=list)

    def __post_init__(self) -> None:
        self._id = ""

    def _stored(self, entity: str, project: str) -> dict[str, Any]:
        """The run set in the JSON of a workspace of this project."""
        pinned = [name for name in self.pinned_columns if name != _NAMES]
        pinned = [_NAMES, *pinned] if self.pinned_columns else []
        runs = [*self.pinned_runs]
        if self.baseline_run is not None and self.baseline_run not in runs:
            runs.append(self.baseline_run)
        made = {
            "id": self._own_id(),
            "enabled": True,
            "name": "Run set",
            **self._fresh(),
            "runFeed": {
                "version": 2,
                "columnVisible": dict.fromkeys(pinned, True),
                "columnPinned": dict.fromkeys(pinned, True),
                "columnWidths": {},
                "columnOrder": pinned,
                "pageSize": 10,
                "onlyShowSelected": False,
            },
            "selections": {
                "root": 1,
                "bounds": [],
                "tree": [run for run, one in self.run_settings.items() if one.disabled],
            },
            "expandedRowAddresses": [],
        }
        if self.baseline_run is not None:
            made["baselineRunId"] = _gid(self.baseline_run, entity, project)
        if runs:
            made["pinnedRunIds"] = [_gid(run, entity, project) for run in runs]
        return made

    def _own_id(self) -> str:
        if self.group_colors and not self._id:
            self._id = random_id()
        return self._id

    def _colours(self) -> dict[str, str]:
        """What runs and groups are coloured, by the keys that these are stored under."""
        keys = [_key(side) for side in self.groupby]
        colours = {}
        for path, colour in self.group_colors.items():
            segments = path.segments if isinstance(path, GroupPath) else (path,)
            if not 0 < len(segments) <= len(keys) or not isinstance(colour, str):
                _term.warn(f"group_colors[{path!r}] is of no group: groupby has {len(keys)} steps")
                continue
            way = [
                {"kind": "group", "key": key, "value": value} for key, value in zip(keys, segments)
            ]
            colours[f"{_GROUP}{_uri(self._own_id())}:{_uri(way)}"] = colour
        return {**colours, **{run: one.color for run, one in self.run_settings.items()}}

    @classmethod
    def _with(cls, came: dict[str, Any], colours: dict[str, Any], place: tuple[str, str]) -> Any:
        """Reads a run set, and the colours beside it, of a workspace at this place."""
        made = cls.__new__(cls)
        made._take(came)
        made._id = came.get("id") or ""
        feed = came.get("runFeed") or {}
        made.pinned_columns = [name for name, on in (feed.get("columnPinned") or {}).items() if on]
        baseline = came.get("baselineRunId")
        made.baseline_run = _from_gid(baseline, place) if baseline else None
        made.pinned_runs = [_from_gid(run, place) for run in came.get("pinnedRunIds") or []]
        for node in (came.get("selections") or {}).get("tree") or []:
            for run in [node] if isinstance(node, str) else node.get("children") or []:
                made.run_settings[run] = RunSettings(disabled=True)
        keys = [_key(side) for side in made.groupby]
        for key, colour in colours.items():
            if key.startswith(_GROUP):
                path = _path(key, made._id, keys)
                if path:
                    made.group_colors[path[0] if len(path) == 1 else GroupPath(*path)] = colour
            elif isinstance(colour, str):
                made.run_settings.setdefault(key, RunSettings()).color = colour
        return made


def _key(side: Side) -> str:
    key = _grouping(side)
    return f"{key['section']}:{key['name']}"


def _uri(value: Any) -> str:
    return quote(json.dumps(value, separators=(",", ":"), ensure_ascii=False), safe=_PLAIN)


def _path(key: str, id: str, keys: list[str]) -> list[str] | None:
    """The values on the way to the group that a colour is stored for; None where it is
    of another run set, or of a grouping that is no more."""
    whose, _, way = key[len(_GROUP) :].partition(":")
    try:
        steps = json.loads(unquote(way))
        if (
            json.loads(unquote(whose)) != id
            or [step["key"] for step in steps] != keys[: len(steps)]
        ):
            return None
        return [str(step["value"]) for step in steps]
    except (ValueError, KeyError, TypeError):
        return None


def _gid(run: Pin, entity: str, project: str) -> str:
    """What W&B's dashboard knows a run by."""
    if isinstance(run, str):
        if _parts(run):
            return run
        run = RunRef(run)
    name = f"Run:v1:{run.slug}:{run.project or project}:{run.entity or entity}"
    return base64.b64encode(name.encode()).decode()


def _from_gid(gid: str, place: tuple[str, str]) -> Pin:
    parts = _parts(gid)
    if parts is None:
        return gid
    slug, project, entity = parts
    return slug if (entity, project) == place else RunRef(slug, entity, project)


def _parts(gid: str) -> tuple[str, str, str] | None:
    """Run, project and entity that an id of W&B's names; None for any other text."""
    try:
        words = base64.b64decode(gid, validate=True).decode().split(":")
    except (binascii.Error, ValueError):
        return None
    if len(words) < 5 or words[0] not in ("Run", "BucketType") or words[1] != "v1":
        return None
    return ":".join(words[2:-2]), words[-2], words[-1]
