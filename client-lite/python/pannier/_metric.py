"""Owns `define_metric`: its arguments, checked, as a rule for the native side."""

from __future__ import annotations

from . import _term
from .errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHOWN = ("min", "max", "mean", "best", "last", "none")


class Metric:
    """One `define_metric`; may be passed as `step_metric` of another."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self._definition = definition

    @property
    def name(self) -> str:
        """The metric's name, or a glob with one `*` at its end."""
        return str(self._definition["name"])

    @property
    def step_metric(self) -> str | None:
        """The metric it is drawn against."""
        step_metric: str | None = self._definition.get("step_metric")
        return step_metric

    @property
    def hidden(self) -> bool:
        """Whether it is left out of automatic charts."""
        return bool(self._definition["hidden"])

    @property
    def summary(self) -> tuple[str, ...]:
        """The figures that the summary shows."""
        return tuple(name for name, shown in self._definition["shown"].items() if shown)

    @property
    def goal(self) -> str:
        """Which way is better."""
        return "maximize" if self._definition["maximize"] else "minimize"

    def __repr__(self) -> str:
        return f"Metric({self.name!r}, summary={','.join(self.summary)!r})"


def define(
    name: str,
    step_metric: str | Metric | None,
    hidden: bool | None,
    summary: str | None,
    goal: str | None,
    earlier: dict[str, Any] | None,
) -> dict[str, Any]:
    """The rule, over what an earlier one for this name says where nothing is said."""
    if not isinstance(name, str) or not name:
        raise UsageError(f"define_metric needs the name of a metric, not {name!r}")
    if "*" in name[:-1]:
        raise UsageError(f"define_metric({name!r}): a * may only stand at the end")
    if isinstance(step_metric, Metric):
        step_metric = step_metric.name
    if step_metric is not None and not isinstance(step_metric, str):
        raise UsageError(f"step_metric must be the name of a metric, not {step_metric!r}")
    rule = dict(earlier or {"shown": {}, "maximize": False, "hidden": False})
    rule["name"] = name
    if step_metric is not None:
        rule["step_metric"] = step_metric
    if hidden is not None:
        rule["hidden"] = bool(hidden)
    if summary is not None:
        rule["shown"] = _shown(summary)
    if goal is not None:
        rule["maximize"] = _maximize(goal)
    return rule


def _shown(summary: str) -> dict[str, bool]:
    words = summary.split(",") if isinstance(summary, str) else list(summary)
    shown = {}
    for word in (str(word).strip().lower() for word in words):
        if word in _SHOWN:
            shown[word] = True
        elif word == "first":
            _term.warn_once("define_metric(summary='first') is not kept; use min, max, mean, last")
        elif word != "copy":  # W&B's old word for the default
            raise UsageError(f"summary must be of {', '.join(_SHOWN)}; not {word!r}")
    return shown


def _maximize(goal: str) -> bool:
    word = str(goal).lower()
    if word not in ("minimize", "maximize", "min", "max"):
        raise UsageError(f"goal must be minimize or maximize, not {goal!r}")
    return word.startswith("max")
