"""The same saved workspace, made with W&B's package and with ours: what they save is equal
field for field, and what either saved is read and saved again unchanged. No server is asked."""

import json
import os
import sys

import pytest
import wandb_workspaces.reports.v2 as their_reports
import wandb_workspaces.workspaces as theirs

PLACE = {"entity": "team", "project": "digits"}

WORKSPACES = {
    "none": lambda ws, wr: ws.Workspace(**PLACE),
    "sections": lambda ws, wr: ws.Workspace(
        **PLACE,
        name="Losses",
        sections=[
            ws.Section("a", panels=[wr.LinePlot(y=["loss"]), wr.MarkdownPanel("m")], is_open=True),
            ws.Section(
                "b",
                pinned=True,
                layout_settings=ws.SectionLayoutSettings(columns=2, rows=5),
                panel_settings=ws.SectionPanelSettings("Runtime", 1, 2.5, "gaussian", 7),
            ),
        ],
    ),
    "settings": lambda ws, wr: ws.Workspace(
        **PLACE,
        auto_generate_panels=True,
        settings=ws.WorkspaceSettings(
            x_axis="RelativeTime(Process)",
            x_min=0,
            x_max=9,
            smoothing_type="average",
            smoothing_weight=3,
            ignore_outliers=True,
            sort_panels_alphabetically=True,
            group_by_prefix="first",
            remove_legends_from_panels=True,
            tooltip_number_of_runs="all_runs",
            tooltip_color_run_names=False,
            max_runs=3,
            point_visualization_method="downsampling",
        ),
    ),
    "runs": lambda ws, wr: ws.Workspace(
        **PLACE,
        runset_settings=ws.RunsetSettings(
            query="q.*",
            regex_query=True,
            filters=ws.And(ws.Metric("State") == "Finished", ws.Config("lr") >= 0.1),
            groupby=[ws.Config("opt.lr"), ws.Metric("Group"), ws.Summary("s")],
            order=[ws.Ordering(ws.Summary("loss")), ws.Ordering(ws.Metric("Name"), False)],
            run_settings={"r1": ws.RunSettings("red", True), "r2": ws.RunSettings()},
            group_colors={"0.1": "red", ws.GroupPath("0.1", "é /"): "blue"},
            pinned_columns=["config:lr", "run:displayName", "summary:loss"],
            baseline_run="r1",
            pinned_runs=["r2", ws.RunRef("x", "other"), "a/b/c"],
        ),
    ),
}


@pytest.fixture(scope="module")
def ours():
    """Our package's two modules, beside W&B's in this process."""
    package = os.environ.get("PANNIER_PACKAGE", "")
    assert package, "PANNIER_PACKAGE must name the folder with `pannier`; `cargo xtask test` sets it"
    sys.path.insert(0, package)
    import pannier.reports
    import pannier.workspaces

    yield pannier.workspaces, pannier.reports
    sys.path.remove(package)


def theirs_saved(workspace):
    return json.loads(workspace._to_model().spec.model_dump_json(by_alias=True, exclude_none=True))


def theirs_read(spec):
    """A workspace as W&B's package reads it."""
    internal = sys.modules["wandb_workspaces.workspaces.internal"]
    model = internal.WorkspaceViewspec.model_validate(spec)
    return theirs.Workspace._from_model(internal.View(**PLACE, display_name="n", name="nw-x-v", id="i", spec=model))


def ours_read(ws, spec):
    """A workspace as ours reads it."""
    workspace = ws.Workspace(**PLACE)
    workspace._read(spec)
    return workspace


def even(spec):
    """A spec without its random ids."""
    text = json.dumps(spec)
    ids = [spec["section"]["runSets"][0]["id"]]
    ids += [panel["__id__"] for one in spec["section"]["panelBankConfig"]["sections"] for panel in one["panels"]]
    for number, id in enumerate(filter(None, ids)):
        text = text.replace(id, f"id{number}")
    return json.loads(text)


@pytest.mark.fast
@pytest.mark.parametrize("name", WORKSPACES)
def test_workspaces(ours, name):
    ws, wr = ours
    build = WORKSPACES[name]
    their_spec = theirs_saved(build(theirs, their_reports))
    our_spec = json.loads(json.dumps(build(ws, wr).spec))
    assert even(our_spec) == even(their_spec)
    assert ours_read(ws, their_spec).spec == their_spec
    assert even(theirs_saved(theirs_read(our_spec))) == even(theirs_saved(theirs_read(their_spec)))
    # What was read says the same as what was written.
    again = ours_read(ws, their_spec)
    del again.__dict__["_came"]
    for section in again.sections:
        del section.__dict__["_came"]
    assert again.spec == their_spec


def test_names(ours):
    """Whatever their module has by a name that begins with a capital, ours has."""
    missing = {name for name in dir(theirs) if name[0].isupper()} - set(dir(ours[0]))
    assert not missing
