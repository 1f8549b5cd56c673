"""The same report, made with W&B's package for reports and with ours: what they save is
equal field for field, and each reads what the other saved. No server is asked."""

import dataclasses
import json
import os
import sys
import warnings

import pytest
from wandb_workspaces.reports.v2 import interface as workspaces

from support import report_cases as cases

PLACE = {"project": "digits", "entity": "team"}
PROJECT_ID = "UHJvamVjdDo3"
#: Where W&B's package reads back something else than was written: code without a language is
#: Python to it, a gallery unknown, a query full of what surrounds it; and its panel of an
#: artifact has a field that does nothing.
READ_OTHERWISE = {"code plain", "gallery", "custom", "custom none", "custom table", "weave artifact panel"}


@pytest.fixture(scope="module", autouse=True)
def ours():
    """Our package, beside W&B's in this process."""
    package = os.environ.get("PANNIER_PACKAGE", "")
    assert package, "PANNIER_PACKAGE must name the folder with `pannier`; `cargo xtask test` sets it"
    sys.path.insert(0, package)
    import pannier.reports

    yield pannier.reports
    sys.path.remove(package)


@pytest.fixture(autouse=True)
def no_server(monkeypatch):
    """Whoever asks for a project is told its id; filters may warn."""
    monkeypatch.setattr(workspaces, "_get_api", lambda: None)
    told = {"project": {"internalId": PROJECT_ID}}
    monkeypatch.setattr(workspaces, "execute_graphql", lambda *asked: told)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def theirs_saved(report):
    """What W&B's package would save, to the byte."""
    return json.loads(report._to_model().spec.model_dump_json(by_alias=True, exclude_none=True))


def ours_saved(report):
    """What ours would."""
    for runset in report_runsets(report):
        runset._project_id = PROJECT_ID
    return json.loads(json.dumps(report.spec))


def report_runsets(report):
    return [runset for block in report.blocks for runset in getattr(block, "runsets", [])]


def theirs_read(spec):
    """A report as W&B's package reads it."""
    project = {"name": PLACE["project"], "entityName": PLACE["entity"]}
    view = {"id": "i", "name": "n", "displayName": "t", "description": "", "project": project, "spec": json.dumps(spec)}
    return workspaces.Report._from_model(workspaces.internal.ReportViewspec.model_validate(view))


def ours_read(ours, spec):
    """A report as ours reads it."""
    report = ours.Report._of(spec)
    report.project, report.entity = PLACE["project"], PLACE["entity"]
    return report


def even(spec):
    """A spec whose random ids are numbered."""
    ids = {}
    text = json.dumps(spec)

    def collect(value):
        if isinstance(value, dict):
            for key in ("__id__", "id"):
                if isinstance(value.get(key), str) and ("viewType" in value or "runFeed" in value):
                    ids.setdefault(value[key], f"id{len(ids)}")
            for key in sorted(value):
                collect(value[key])
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(spec)
    for random, number in ids.items():
        text = text.replace(f'"{random}', f'"{number}')
    return json.loads(text)


def shown(value):
    """What people see of an object: its class, and its fields."""
    if dataclasses.is_dataclass(value):
        names = sorted(field.name for field in dataclasses.fields(value) if field.name[0] != "_")
        public = {name: shown(getattr(value, name)) for name in names}
        return [type(value).__name__, public]
    if isinstance(value, dict):
        return [[shown(key), shown(inner)] for key, inner in value.items()]
    return [shown(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def check(ours, build, same_fields=True):
    """Builds with both, compares what they save, and lets each read the other's."""
    their_report = workspaces.Report(**PLACE, title="t", blocks=build(workspaces))
    our_report = ours.Report(**PLACE, title="t", blocks=build(ours))
    their_spec, our_spec = theirs_saved(their_report), ours_saved(our_report)
    assert even(our_spec) == even(their_spec)
    # Nothing that was read is changed by saving it, whoever wrote it.
    ours_of_theirs, theirs_of_ours = ours_read(ours, their_spec), theirs_read(our_spec)
    assert ours_saved(ours_of_theirs) == their_spec
    assert even(theirs_saved(theirs_of_ours)) == even(theirs_saved(theirs_read(their_spec)))
    if same_fields:
        assert shown(ours_of_theirs.blocks) == shown(theirs_of_ours.blocks)


@pytest.mark.fast
@pytest.mark.parametrize("name", cases.BLOCKS)
def test_blocks(ours, name):
    check(ours, lambda wr: [cases.BLOCKS[name](wr)], name not in READ_OTHERWISE)


@pytest.mark.fast
@pytest.mark.parametrize("name", cases.PANELS)
def test_panels(ours, name):
    check(ours, lambda wr: [wr.PanelGrid(panels=[cases.PANELS[name](wr)])], name not in READ_OTHERWISE)


@pytest.mark.parametrize("text", cases.FILTERS)
def test_filters_as_text(ours, text):
    check(ours, lambda wr: [wr.PanelGrid(runsets=[wr.Runset(filters=text)])])


@pytest.mark.parametrize("name", cases.EXPRESSIONS)
def test_filters_in_python(ours, name):
    build = cases.EXPRESSIONS[name]
    check(ours, lambda wr: [wr.PanelGrid(runsets=[wr.Runset(filters=build(wr.expr))])])


@pytest.mark.parametrize("name", cases.RUNSETS)
def test_runsets(ours, name):
    check(ours, lambda wr: [wr.PanelGrid(runsets=[cases.RUNSETS[name](wr)])])


def test_grid(ours):
    check(ours, lambda wr: [cases.grid(wr)])


def test_whole_report(ours):
    check(ours, lambda wr: [make(wr) for make in cases.BLOCKS.values()], same_fields=False)
    check(ours, lambda wr: [])
    check(ours, lambda wr: [wr.P()])


def test_names(ours):
    """Whatever their module has by a name that begins with a capital, ours has."""
    import wandb_workspaces.reports.v2 as theirs

    for module in ("", "blocks", "panels", "metrics"):
        their_names = {name for name in dir(getattr(theirs, module or "blocks")) if name[0].isupper()}
        missing = their_names - set(dir(getattr(ours, module) if module else ours))
        assert not missing, module
    missing = {name for name in dir(theirs) if name[0].isupper()} - set(dir(ours))
    assert not missing
