"""Owns the grid of panels: which panels are where, and what colour a run has in them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Union

from ._family import PANEL, Block, Layout, Panel
from ._kinds import FLAG, TEXT, WHOLE, Kind, Refused, many, maybe
from ._record import at, check_all, records
from ._runset import Runset
from .metrics import ANY, AnyMetric, for_colours, from_colours

_WIDTH = 24

_FLOW = {
    "snapToColumns": True,
    "columnsPerPage": 3,
    "rowsPerPage": 2,
    "gutterWidth": 16,
    "boxWidth": 460,
    "boxHeight": 300,
}
_LOCAL = {
    "smoothingWeight": 0,
    "smoothingType": "exponential",
    "xAxis": "_step",
    "ignoreOutliers": False,
    "useRunsTableGroupingInPanels": True,
    "smoothingActive": True,
    "xAxisActive": False,
}


def grid_section(name: str, kind: str, panels: list[Any]) -> dict[str, Any]:
    """A section of panels as it is stored, of a `kind` that says how they are laid out."""
    return {
        "name": name,
        "isOpen": False,
        "type": kind,
        "flowConfig": _FLOW,
        "sorted": 0,
        "localPanelSettings": _LOCAL,
        "panels": panels,
    }


#: What the dashboard wants of a grid beside what Python says of it.
_ALWAYS: dict[str, Any] = {
    "openViz": True,
    "name": "unused-name",
    "panels": {"views": {"0": {"name": "Panels", "defaults": [], "config": []}}, "tabs": ["0"]},
    "panelBankConfig": {
        "state": 0,
        "settings": {
            "autoOrganizePrefix": 2,
            "showEmptySections": False,
            "sortAlphabetically": False,
        },
        "sections": [grid_section("Hidden Panels", "flow", [])],
    },
    "panelBankSectionConfig": grid_section("Report Panels", "grid", []),
}


@dataclass(frozen=True)
class RunsetGroupKey:
    """What the runs of a group have in common: a metric, and its value."""

    key: AnyMetric = at(ANY)
    value: str = at(TEXT)

    def __post_init__(self) -> None:
        check_all(self)


def _keys(value: Any) -> Any:
    keys = (value,) if isinstance(value, RunsetGroupKey) else value
    if not isinstance(keys, (list, tuple)) or not all(isinstance(k, RunsetGroupKey) for k in keys):
        raise Refused(value)
    return tuple(keys)


@dataclass(frozen=True)
class RunsetGroup:
    """A group of a run set's runs."""

    runset_name: str = at(TEXT)
    keys: tuple[RunsetGroupKey, ...] = at(Kind("a tuple of RunsetGroupKey objects", _keys))

    def __post_init__(self) -> None:
        check_all(self)


Colours = dict[Union[str, RunsetGroup], Any]


def _colours(value: Any) -> Any:
    if not isinstance(value, dict):
        raise Refused(value)
    for key, colour in value.items():
        if not isinstance(key, (str, RunsetGroup)):
            raise Refused(key)
        if not isinstance(colour, (str, dict)):
            raise Refused(colour)
    return dict(value)


def _runsets(value: Any) -> Any:
    found = records(Runset).check(value)
    if not found:
        raise Refused(value, "one run set is the least")
    return found


def _placed(value: Any) -> Any:
    """The panels, moved to where they do not cover those before them."""
    panels = many(PANEL, "panels").check(value)
    for number, panel in enumerate(panels):
        for other in panels[number + 1 :]:
            _move_away(panel, other)
    return panels


def _move_away(panel: Panel, other: Panel) -> None:
    here, there = getattr(panel, "layout", None), getattr(other, "layout", None)
    if isinstance(here, dict):
        # A panel that no class knows has its layout as it came.
        here = Layout._of(here)
    if panel is other or here is None or not isinstance(there, Layout):
        return
    apart = (
        here.x + here.w <= there.x
        or there.x + there.w <= here.x
        or here.y + here.h <= there.y
        or there.y + there.h <= here.y
    )
    if apart:
        return
    if here.x + here.w + there.w <= _WIDTH:
        there.x = here.x + here.w
    else:
        there.x, there.y = 0, here.y + here.h


_PANELS = Kind("a list of panels", _placed, many(PANEL, "panels").encode, many(PANEL, "").decode)
_RUNSETS = Kind(
    "a list of Runset objects", _runsets, records(Runset).encode, records(Runset).decode
)


@dataclass(repr=False)
class PanelGrid(Block):
    """Panels, and the run sets whose runs they show."""

    TYPE = "panel-grid"

    runsets: list[Runset] = at(_RUNSETS, "metadata.runSets", lambda: [Runset()])
    hide_run_sets: bool = at(FLAG, "metadata.hideRunSets", False)
    panels: list[Panel] = at(_PANELS, "metadata.panelBankSectionConfig.panels", list)
    #: Which run set's table is open.
    active_runset: int | None = at(maybe(WHOLE), "metadata.openRunSet", 0)
    #: By id of a run, or by group.
    custom_run_colors: Colours = at(
        Kind("a dict of run ids or RunsetGroup objects to colours", _colours), default=dict
    )

    def _fresh(self) -> dict[str, Any]:
        made = super()._fresh()
        own = made.pop("metadata")
        metadata = {**copy.deepcopy(_ALWAYS), **own}
        bank = own.pop("panelBankSectionConfig")
        metadata["panelBankSectionConfig"] = {**_ALWAYS["panelBankSectionConfig"], **bank}
        colours: dict[Any, Any] = {}
        for runset in self.runsets:
            settings = runset.run_settings.items()
            colours.update({run: one.color for run, one in settings if one.color})
            colours.update(runset.custom_run_colors)
        colours.update(self.custom_run_colors)
        named = ((self._colour_key(key), colour) for key, colour in colours.items())
        metadata["customRunColors"] = {key: colour for key, colour in named if key}
        return {**made, "metadata": metadata}

    def _colour_key(self, key: str | RunsetGroup) -> str | None:
        """What a colour is stored under; None where it is of no run set of this grid."""
        if isinstance(key, str):
            return key
        found = [one for one in self.runsets if one.name == key.runset_name]
        if not found:
            return None
        parts = (f"{for_colours(one.key)}:{one.value}" for one in key.keys)
        return f"{found[0]._id}-{'-'.join(parts)}"

    def _take(self, came: dict[str, Any]) -> None:
        super()._take(came)
        for key, colour in (came["metadata"].get("customRunColors") or {}).items():
            group = self._group(key)
            settings = [one.run_settings[key] for one in self.runsets if key in one.run_settings]
            if group is None and settings and isinstance(colour, str):
                settings[0].color = colour
            else:
                self.custom_run_colors[group or key] = colour

    def _group(self, key: str) -> RunsetGroup | None:
        """The group that a colour is stored for; None where it is for a run."""
        for runset in self.runsets:
            if key.startswith(f"{runset._id}-") and ":" in key:
                parts = [part.rpartition(":") for part in key[len(runset._id) + 1 :].split("-")]
                if all(colon for _, colon, _ in parts):
                    keys = (RunsetGroupKey(from_colours(name), value) for name, _, value in parts)
                    return RunsetGroup(runset.name, tuple(keys))
        return None
