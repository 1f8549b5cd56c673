"""Owns the blocks and panels that W&B's dashboard draws with its Weave language: they
are kept for it, as the expressions that it knows.

An expression is a tree of calls, constants and variables, each with its type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._family import LAYOUT, Block, Layout, Panel
from ._kinds import DICT, TEXT, choice
from ._record import at

Node = dict[str, Any]

_TAB = choice("overview", "metadata", "usage", "files", "lineage")
_RUNTIME: Node = {"type": "typedDict", "propertyTypes": {"runtime": "number"}}
_TABLE: Node = {
    "type": "file",
    "extension": "json",
    "wbObjectType": {"type": "table", "columnTypes": {}},
}


def _typed(**types: Any) -> Node:
    return {"type": "typedDict", "propertyTypes": types}


def _tagged(tag: Node, value: Any) -> Node:
    return {"type": "tagged", "tag": tag, "value": value}


def _const(value: str) -> Node:
    return {"nodeType": "const", "type": "string", "val": value}


def _call(kind: Node, op: str, **inputs: Node) -> Node:
    return {"nodeType": "output", "type": kind, "fromOp": {"name": op, "inputs": inputs}}


def _var(kind: Node, name: str) -> Node:
    return {"nodeType": "var", "type": kind, "varName": name}


def _under_project(**types: Any) -> Node:
    """The tag of what was reached through a project, with what else led there."""
    return _tagged(_NAMES, _typed(project="project", **types))


_NAMES = _typed(entityName="string", projectName="string")
_PROJECT = _tagged(_NAMES, "project")
_SUMMARIES = [
    _typed(_wandb=_RUNTIME),
    _typed(_step="number", table=_TABLE, _wandb=_RUNTIME, _runtime="number", _timestamp="number"),
]


def _project(entity: str, project: str) -> Node:
    names = {"entityName": _const(entity), "projectName": _const(project)}
    return _call(_PROJECT, "root-project", **names)


#: The project of the report that a panel is in.
_THIS_PROJECT = _var(_PROJECT, "project")


def _summary_table(name: str, project: Node | None) -> Node:
    """A table in the summaries: of a project's runs, or of those that a panel shows."""
    here = project is None
    tag = _under_project(filter="string", order="string") if here else _under_project()
    at_most = {"maxLength": 50} if here else {}

    def listed(kind: Any) -> Node:
        return _tagged(tag, {"type": "list", "objectType": kind, **at_most})

    def of_runs(members: list[Any]) -> Node:
        return listed(_tagged(_typed(run="run"), {"type": "union", "members": members}))

    if project is None:
        runs = _var(listed("run"), "runs")
    else:
        runs = _call(listed("run"), "project-runs", project=project)
    summaries = _SUMMARIES if here else [*_SUMMARIES, _typed()]
    summary = _call(of_runs(summaries), "run-summary", run=runs)
    return _call(of_runs([_TABLE, "none"]), "pick", obj=summary, key=_const(name))


def _artifact_file(artifact: str, version: str, file: str, project: Node) -> Node:
    tag = _under_project(artifactName="string", artifactVersionAlias="string")
    names = {"artifactName": _const(artifact), "artifactVersionAlias": _const(version)}
    found = _call(
        _tagged(tag, "artifactVersion"), "project-artifactVersion", project=project, **names
    )
    return _call(
        _tagged(tag, _TABLE), "artifactVersion-file", artifactVersion=found, path=_const(file)
    )


def _artifact(artifact: str, tab: str, project: Node) -> Node:
    kind = _tagged(_under_project(artifactName="string"), "artifact")
    found = _call(kind, "project-artifact", project=project, artifactName=_const(artifact))
    tabs = {"tabConfigs": {"overview": {"selectedTab": tab}}}
    return {**_shown(found), "panelInputType": kind, "panelConfig": tabs}


def _shown(expression: Node) -> Node:
    return {"exp": {**expression, "__userInput": True}}


def _constant(shown: Node, op: str, *way: str) -> str:
    """A constant of an expression that ends in this call, by the inputs that lead there."""
    node = shown["exp"]
    if node["fromOp"]["name"] != op:
        raise ValueError(f"no {op}")
    for step in way:
        node = node["fromOp"]["inputs"][step]
    return str(node["val"])


def _tab(shown: Node) -> str:
    return str(shown["panelConfig"]["tabConfigs"]["overview"].get("selectedTab", "overview"))


class WeaveBlock(Block):
    """Base of the blocks that are expressions."""

    entity: str
    project: str

    def _shown(self) -> Node:
        raise NotImplementedError

    def _fresh(self) -> Node:
        return {**super()._fresh(), "config": {"panelConfig": self._shown()}}

    def _take_project(self, shown: Node, op: str, *way: str) -> None:
        self.entity = _constant(shown, op, *way, "project", "entityName")
        self.project = _constant(shown, op, *way, "project", "projectName")


@dataclass(repr=False)
class WeaveBlockSummaryTable(WeaveBlock):
    """A table that a project's runs logged."""

    TYPE = "weave-panel"

    entity: str = at(TEXT)
    project: str = at(TEXT)
    table_name: str = at(TEXT)

    def _shown(self) -> Node:
        return _shown(_summary_table(self.table_name, _project(self.entity, self.project)))

    def _take(self, came: Node) -> None:
        shown = came["config"]["panelConfig"]
        self._take_project(shown, "pick", "obj", "run")
        self.table_name = _constant(shown, "pick", "key")


@dataclass(repr=False)
class WeaveBlockArtifactVersionedFile(WeaveBlock):
    """A file of a version of an artifact."""

    TYPE = "weave-panel"

    entity: str = at(TEXT)
    project: str = at(TEXT)
    artifact: str = at(TEXT)
    version: str = at(TEXT)
    file: str = at(TEXT)

    def _shown(self) -> Node:
        project = _project(self.entity, self.project)
        return _shown(_artifact_file(self.artifact, self.version, self.file, project))

    def _take(self, came: Node) -> None:
        shown = came["config"]["panelConfig"]
        op, version = "artifactVersion-file", "artifactVersion"
        self._take_project(shown, op, version)
        self.artifact = _constant(shown, op, version, "artifactName")
        self.version = _constant(shown, op, version, "artifactVersionAlias")
        self.file = _constant(shown, op, "path")


@dataclass(repr=False)
class WeaveBlockArtifact(WeaveBlock):
    """An artifact, at one of its tabs."""

    TYPE = "weave-panel"

    entity: str = at(TEXT)
    project: str = at(TEXT)
    artifact: str = at(TEXT)
    tab: str = at(_TAB, default="overview")

    def _shown(self) -> Node:
        return _artifact(self.artifact, self.tab, _project(self.entity, self.project))

    def _take(self, came: Node) -> None:
        shown = came["config"]["panelConfig"]
        self._take_project(shown, "project-artifact")
        self.artifact = _constant(shown, "project-artifact", "artifactName")
        self.tab = _tab(shown)


class _WeavePanel(Panel):
    """Base of the panels that are expressions."""

    def _shown(self) -> Node:
        raise NotImplementedError

    def _fresh(self) -> Node:
        return {**super()._fresh(), "config": {"panel2Config": self._shown()}}

    def _take(self, came: Node) -> None:
        super()._take(came)
        self._take_shown(came["config"]["panel2Config"])

    def _take_shown(self, shown: Node) -> None:
        raise NotImplementedError


@dataclass(repr=False)
class WeavePanelSummaryTable(_WeavePanel):
    """A table that the runs logged."""

    TYPE = "Weave"

    table_name: str = at(TEXT)
    layout: Layout = at(LAYOUT, "layout", Layout)

    def _shown(self) -> Node:
        return _shown(_summary_table(self.table_name, None))

    def _take_shown(self, shown: Node) -> None:
        self.table_name = _constant(shown, "pick", "key")


@dataclass(repr=False)
class WeavePanelArtifactVersionedFile(_WeavePanel):
    """A file of a version of an artifact of the report's project."""

    TYPE = "Weave"

    artifact: str = at(TEXT)
    version: str = at(TEXT)
    file: str = at(TEXT)
    layout: Layout = at(LAYOUT, "layout", Layout)

    def _shown(self) -> Node:
        return _shown(_artifact_file(self.artifact, self.version, self.file, _THIS_PROJECT))

    def _take_shown(self, shown: Node) -> None:
        op, version = "artifactVersion-file", "artifactVersion"
        self.artifact = _constant(shown, op, version, "artifactName")
        self.version = _constant(shown, op, version, "artifactVersionAlias")
        self.file = _constant(shown, op, "path")


@dataclass(repr=False)
class WeavePanelArtifact(_WeavePanel):
    """An artifact of the report's project, at one of its tabs."""

    TYPE = "Weave"

    artifact: str = at(TEXT)
    tab: str = at(_TAB, default="overview")
    layout: Layout = at(LAYOUT, "layout", Layout)

    def _shown(self) -> Node:
        return _artifact(self.artifact, self.tab, _THIS_PROJECT)

    def _take_shown(self, shown: Node) -> None:
        self.artifact = _constant(shown, "project-artifact", "artifactName")
        self.tab = _tab(shown)


@dataclass(repr=False)
class WeavePanel(Panel):
    """Any other expression, as its JSON object."""

    TYPE = "Weave"

    config: dict[str, Any] = at(DICT, default=dict)
    layout: Layout = at(LAYOUT, "layout", Layout)

    def _fresh(self) -> Node:
        return {**super()._fresh(), "config": dict(self.config)}

    def _take(self, came: Node) -> None:
        super()._take(came)
        self.config = came["config"]
