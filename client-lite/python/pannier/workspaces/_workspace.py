"""Owns `Workspace`: a saved arrangement of a project's panels, in sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .. import _term
from .._api import reports as views
from .._api.api import Api
from ..errors import UsageError
from ..reports._family import NOT_THIS, PANEL, Panel, random_id
from ..reports._grid import grid_section
from ..reports._kinds import FLAG, NUMBER, TEXT, WHOLE, Kind, Refused, choice, many, maybe
from ..reports._record import Record, at, record, records
from ..reports.metrics import spoken, stored
from ._runset import RunsetSettings

_STEP = "_step"


def _least(least: int) -> Kind:
    def check(value: Any) -> int:
        if WHOLE.check(value) < least:
            raise Refused(value)
        return int(value)

    return Kind(f"a whole number, {least} or more", check)


def _coded(**codes: Any) -> Kind:
    """One of these words, each with what it is in JSON; what is not there is the default."""
    words = {code: word for word, code in codes.items()}
    return Kind(choice(*codes).allowed, choice(*codes).check, codes.__getitem__, words.__getitem__)


#: Said only where they are not so anyway.
_ONLY_TRUE = Kind(FLAG.allowed, FLAG.check, lambda one: one or None, bool)
_ONLY_FALSE = Kind(FLAG.allowed, FLAG.check, lambda one: None if one else False, bool)
_AXIS = Kind(TEXT.allowed, TEXT.check, stored, spoken)
_SMOOTHING = choice("exponentialTimeWeighted", "exponential", "gaussian", "average", "none")


@dataclass(repr=False)
class SectionLayoutSettings(Record):
    """How many panels a section shows at once."""

    columns: int = at(WHOLE, "columnsPerPage", 3)
    rows: int = at(WHOLE, "rowsPerPage", 2)


@dataclass(repr=False)
class SectionPanelSettings(Record):
    """What the line plots of a section have in common."""

    x_axis: str = at(_AXIS, "xAxis", "Step")
    x_min: float | None = at(maybe(NUMBER), "xAxisMin")
    x_max: float | None = at(maybe(NUMBER), "xAxisMax")
    smoothing_type: str = at(_SMOOTHING, "smoothingType", "none")
    smoothing_weight: int = at(_least(0), "smoothingWeight", 0)

    def _fresh(self) -> dict[str, Any]:
        return {"ignoreOutliers": False, **_active(super()._fresh())}


def _active(made: dict[str, Any]) -> dict[str, Any]:
    """Settings of plots, with whether they change anything."""
    return {
        "useRunsTableGroupingInPanels": True,
        **made,
        "smoothingActive": made["smoothingType"] != "none" or made["smoothingWeight"] != 0,
        "xAxisActive": made["xAxis"] != _STEP or "xAxisMin" in made or "xAxisMax" in made,
    }


@dataclass(repr=False)
class Section(Record):
    """Panels under a name."""

    name: str = at(TEXT, "name")
    panels: list[Panel] = at(many(PANEL, "panels"), "panels", list)
    is_open: bool = at(FLAG, "isOpen", False)
    pinned: bool = at(FLAG, "pinned", False)
    layout_settings: SectionLayoutSettings = at(
        record(SectionLayoutSettings), "flowConfig", SectionLayoutSettings
    )
    panel_settings: SectionPanelSettings = at(
        record(SectionPanelSettings), "localPanelSettings", SectionPanelSettings
    )

    def _fresh(self) -> dict[str, Any]:
        always = grid_section("", "flow", [])
        made = super()._fresh()
        made["flowConfig"] = {**always["flowConfig"], **made["flowConfig"]}
        if self.__dict__.get("_is_auto"):
            made["panels"] = [{"isAuto": False, **panel} for panel in made["panels"]]
        return {**always, **made}

    def _take(self, came: dict[str, Any]) -> None:
        super()._take(came)
        # Where the dashboard adds panels, those of people say that they are.
        self._is_auto = came.get("isPanelsAuto") is True


@dataclass(repr=False)
class WorkspaceSettings(Record):
    """What the panels of a workspace have in common."""

    x_axis: str = at(_AXIS, "settings.xAxis", "Step")
    x_min: float | None = at(maybe(NUMBER), "settings.xAxisMin")
    x_max: float | None = at(maybe(NUMBER), "settings.xAxisMax")
    smoothing_type: str = at(_SMOOTHING, "settings.smoothingType", "none")
    smoothing_weight: int = at(_least(0), "settings.smoothingWeight", 0)
    ignore_outliers: bool = at(FLAG, "settings.ignoreOutliers", False)
    sort_panels_alphabetically: bool = at(FLAG, "panels.sortAlphabetically", False)
    group_by_prefix: str = at(_coded(first=1, last=2), "panels.autoOrganizePrefix", "last")
    remove_legends_from_panels: bool = at(_ONLY_TRUE, "settings.suppressLegends", False)
    tooltip_number_of_runs: str = at(
        choice("single", "default", "all_runs"), "settings.tooltipNumberOfRuns", "default"
    )
    tooltip_color_run_names: bool = at(_ONLY_FALSE, "settings.colorRunNames", True)
    max_runs: int = at(_least(1), "settings.maxRuns", 10)
    point_visualization_method: str = at(
        _coded(bucketing="bucketing-gorilla", downsampling="sampling"),
        "settings.pointVisualizationMethod",
        "bucketing",
    )
    panel_search_query: str = at(
        Kind(TEXT.allowed, TEXT.check, lambda text: text or None), "panels.searchQuery", ""
    )
    auto_expand_panel_search_results: bool = at(_ONLY_TRUE, "panels.autoExpandSearchResults", False)


@dataclass(repr=False)
class Workspace(Record):
    """A saved view of a project's panels."""

    entity: str = at(TEXT)
    project: str = at(TEXT)
    name: str = at(TEXT, default="Untitled view")
    sections: list[Section] = at(records(Section), default=list)
    settings: WorkspaceSettings = at(record(WorkspaceSettings), default=WorkspaceSettings)
    runset_settings: RunsetSettings = at(record(RunsetSettings), default=RunsetSettings)
    #: Whether the dashboard adds panels for what runs log.
    auto_generate_panels: bool | None = at(maybe(FLAG), default=False)

    def __post_init__(self) -> None:
        self._own_name = ""
        self._own_id = ""

    def _fresh(self) -> dict[str, Any]:
        common = self.settings._fresh()
        settings = _active(common["settings"])
        if self.auto_generate_panels is not None:
            settings["shouldAutoGeneratePanels"] = self.auto_generate_panels
        bank = {
            "state": 1,
            "settings": {"showEmptySections": False, **common["panels"]},
            "sections": records(Section).encode(self.sections),
        }
        section = {
            "panelBankConfig": bank,
            "panelBankSectionConfig": {
                **grid_section("Report Panels", "grid", []),
                "pinned": False,
            },
            "customRunColors": self.runset_settings._colours(),
            "name": "",
            "runSets": [self.runset_settings._stored(self.entity, self.project)],
            "settings": settings,
            "openRunSet": 0,
            "openViz": True,
        }
        return {"section": section, "vizExpanded": False, "libraryExpanded": True}

    def _take(self, came: dict[str, Any]) -> None:
        self.__post_init__()
        section = came["section"]
        bank = section.get("panelBankConfig") or {}
        settings = section.get("settings") or {}
        self.sections = records(Section).decode(bank.get("sections") or [])
        both = {"settings": settings, "panels": bank.get("settings") or {}}
        self.settings = WorkspaceSettings._of(both)
        auto = {**settings, **(section.get("workspaceSettings") or {})}
        self.auto_generate_panels = auto.get("shouldAutoGeneratePanels")
        [runset, *_] = section.get("runSets") or [{}]
        place = self.entity, self.project
        colours = section.get("customRunColors") or {}
        self.runset_settings = RunsetSettings._with(runset, colours, place)

    @property
    def spec(self) -> dict[str, Any]:
        """What is saved: W&B's JSON of the workspace."""
        return self._json()

    @property
    def url(self) -> str | None:
        """The workspace's page, where the server has pages."""
        if not self._own_name:
            raise AttributeError("a workspace has a url once it is saved: workspace.save()")
        page = Api()._client.page(self.entity, self.project)
        return page and f"{page}?nw={self._own_name[len('nw-') : -len('-v')]}"

    def save(self) -> Workspace:
        """Saves it: anew where it never was, else over what it was."""
        self._own_name = self._own_name or f"nw-{random_id()}-v"
        self._own_id = views.save(
            Api()._client,
            self.entity,
            self.project,
            id=self._own_id or None,
            name=self._own_name,
            displayName=self.name,
            description="",
            type="project-view",
            spec=self._json(),
        )
        _term.say(f"saved workspace {self.name!r}: {self.url or self._own_name}")
        return self

    def save_as_new_view(self) -> Workspace:
        """Saves it as another one than it was."""
        self._own_name = self._own_id = ""
        return self.save()

    @classmethod
    def from_url(cls, url: str) -> Workspace:
        """Reads a saved workspace back, by the address of its page."""
        parts = urlsplit(url)
        names = parse_qs(parts.query).get("nw", [""])
        path = parts.path.strip("/").split("/")
        if len(path) < 2 or not names[0] or names[0].startswith("nwuser"):
            raise UsageError(f"{url!r} is no saved workspace: ENTITY/PROJECT?nw=NAME")
        entity, project = path[:2]
        name = f"nw-{names[0]}-v"
        view = views.named(Api()._client, entity, project, name)
        made = cls(entity=entity, project=project, name=view["displayName"])
        try:
            made._read(view["spec"])
        except NOT_THIS as error:
            raise UsageError(
                f"workspace {made.name!r} was saved in a form that this version cannot read"
                f" ({type(error).__name__}: {error})"
            ) from error
        made._own_name, made._own_id = name, view["id"]
        return made
