"""Owns how metrics are named: in Python, and in the JSON of panels and run sets.

The same metric has several spellings there, which differ by who reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

from ._kinds import FLAG, TEXT, Kind, Refused, maybe
from ._record import Record, at, check_all

__all__ = ["Config", "Metric", "OrderBy", "SummaryMetric"]

#: What people call the facts about a run, and what the JSON calls them.
_STORED = {
    "ID": "name",
    "Name": "displayName",
    "Tags": "tags",
    "State": "state",
    "CreatedTimestamp": "createdAt",
    "Runtime": "duration",
    "User": "username",
    "Sweep": "sweep",
    "Group": "group",
    "JobType": "jobType",
    "Hostname": "host",
    "UsingArtifact": "inputArtifacts",
    "OutputtingArtifact": "outputArtifacts",
    "Step": "_step",
    "RelativeTime(Wall)": "_absolute_runtime",
    "RelativeTime(Process)": "_runtime",
    "WallTime": "_timestamp",
}
_SPOKEN = {stored: spoken for spoken, stored in _STORED.items()}


def stored(name: str) -> str:
    """What the JSON calls it: `_step` for `Step`."""
    return _STORED.get(name, name)


def spoken(name: str) -> str:
    """What people call it: `Step` for `_step`."""
    return _SPOKEN.get(name, name)


@dataclass(frozen=True)
class Metric:
    """A metric that runs log, or a fact about runs such as `Step` or `Runtime`."""

    name: str = at(TEXT)

    def __post_init__(self) -> None:
        check_all(self)


@dataclass(frozen=True)
class Config:
    """A config value; dots lead into nested ones."""

    name: str = at(TEXT)

    def __post_init__(self) -> None:
        check_all(self)


@dataclass(frozen=True)
class SummaryMetric:
    """A value of the summary: what a metric was last, or best."""

    name: str = at(TEXT)

    def __post_init__(self) -> None:
        check_all(self)


AnyMetric = Union[str, Metric, Config, SummaryMetric]

_CLASSES = (str, Metric, Config, SummaryMetric)
_ALLOWED = "a metric: a string, Metric, Config or SummaryMetric"


def _metric(value: Any) -> AnyMetric:
    if not isinstance(value, _CLASSES):
        raise Refused(value)
    return value


def config_path(name: str) -> str:
    """Where a config value is: `a.value.b` for `a.b`."""
    head, dot, rest = name.partition(".")
    return f"{head}.value{dot}{rest}"


def config_name(path: str) -> str:
    """The config value that is there: `a.b` for `a.value.b`."""
    return ".".join(part for part in path.split(".") if part != "value")


def _for_lines(value: AnyMetric) -> str:
    """As line plots, bars and scalars name it."""
    if isinstance(value, Config):
        return f"config.{config_path(value.name)}"
    if isinstance(value, SummaryMetric):
        return f"summary_metrics.{value.name}"
    return stored(value.name if isinstance(value, Metric) else value)


def _from_lines(name: str) -> AnyMetric:
    if name.startswith("config.") and ".value" in name:
        return Config(config_name(name[len("config.") :]))
    for prefix in ("summary_metrics.", "summary."):
        if name.startswith(prefix):
            return SummaryMetric(name[len(prefix) :])
    return Metric(spoken(name))


def _for_points(value: AnyMetric) -> str:
    """As scatter plots and parallel coordinates name it, which show one value per run."""
    if isinstance(value, Config):
        return f"config:{config_path(value.name)}"
    if isinstance(value, str) and value.startswith("run."):
        return f"run:{stored(value[len('run.') :])}"
    if isinstance(value, Metric):
        return f"run:{stored(value.name)}"
    return f"summary:{value if isinstance(value, str) else value.name}"


def _from_points(name: str) -> AnyMetric:
    section, colon, rest = name.partition(":")
    if section == "config" and colon:
        return Config(config_name(rest))
    if name.startswith("c::"):
        return Config(name[len("c::") :])
    if section == "summary" and colon:
        return SummaryMetric(rest)
    return Metric(spoken(rest if section == "run" and colon else name))


def _for_groups(value: AnyMetric) -> str:
    """As a panel's grouping names it, where a config value is the ordinary case."""
    if isinstance(value, SummaryMetric):
        raise Refused(value, "runs are not grouped by a summary's values")
    if isinstance(value, Metric):
        return stored(value.name)
    if isinstance(value, Config):
        name = value.name
    elif value == "None" or value in _STORED:
        return stored(value)
    else:
        name = value[len("config.") :] if value.startswith("config.") else value
    return name if "value" in name.split(".") else config_path(name)


def _from_groups(name: str) -> AnyMetric:
    if name == "None":
        return name
    if "value" in name.split("."):
        return Config(config_name(name))
    return _SPOKEN[name] if name in _SPOKEN else Metric(name)


def for_colours(value: AnyMetric) -> str:
    """As the colours of a run set's groups name it."""
    if isinstance(value, (str, Config)):
        return _for_points(Config(value) if isinstance(value, str) else value)
    return _for_lines(value)


def from_colours(name: str) -> AnyMetric:
    """What `for_colours` named."""
    return _from_points(name) if name.startswith("config:") else _from_lines(name)


def for_grouping(name: str) -> dict[str, str]:
    """As a run set's grouping names it, from `config.lr` or `Group`."""
    section, dot, rest = name.partition(".")
    section, key = (section, rest) if dot else ("run", section)
    key = stored(key)
    if section == "config" and "value" not in key.split("."):
        key = config_path(key)
    return {"section": section, "name": key}


def from_grouping(key: dict[str, str]) -> str:
    """What `for_grouping` named."""
    return f"{key['section']}.{spoken(key['name'])}"


def _metrics(encode: Any, decode: Any, allowed: str = _ALLOWED) -> Kind:
    return Kind(allowed, _metric, lambda value: encode(_metric(value)), decode)


ANY = _metrics(_for_lines, _from_lines)
#: Of plots that show one value per run.
POINT = _metrics(_for_points, _from_points)
#: What a panel groups runs by.
GROUP = maybe(_metrics(_for_groups, _from_groups, "a string, Config or Metric"))
GROUPING = Kind("a string such as 'config.lr' or 'Group'", TEXT.check, for_grouping, from_grouping)


@dataclass(repr=False)
class OrderBy(Record):
    """What a run set is ordered by."""

    name: AnyMetric = at(ANY)
    ascending: bool = at(FLAG, default=False)

    def _fresh(self) -> dict[str, Any]:
        if isinstance(self.name, str):
            section, name = "run", stored(self.name)
        elif isinstance(self.name, Metric):
            section, name = "run", stored(self.name.name)
        else:
            section = "config" if isinstance(self.name, Config) else "summary"
            name = self.name.name
        return {"key": {"section": section, "name": name}, "ascending": self.ascending}

    def _take(self, came: dict[str, Any]) -> None:
        section, name = came["key"]["section"], came["key"]["name"]
        if section == "summary":
            self.name = SummaryMetric(name)
        elif section == "config":
            self.name = Config(config_name(name))
        else:
            self.name = _from_lines(name)
        self.ascending = bool(came.get("ascending", False))
