"""The same report and the same workspace, whichever package makes them; and the same reading.

reports_either.py write TRACKER, reports_either.py read TRACKER REPORT WORKSPACE"""

import importlib
import sys

from telling import tell

what, tracker, *rest = sys.argv[1:]
names = {
    "pannier": ("pannier", "pannier.reports", "pannier.workspaces"),
    "wandb": ("wandb", "wandb_workspaces.reports.v2", "wandb_workspaces.workspaces"),
}
wandb, wr, ws = (importlib.import_module(name) for name in names[tracker])

PROJECT = "reports-either"


def name(metric):
    """A metric's name, whichever way it is said."""
    return getattr(metric, "name", metric)


if what == "write":
    wandb.init(project=PROJECT, id=f"run-{tracker}").finish()
    entity = wandb.Api().default_entity
    grid = wr.PanelGrid(
        runsets=[wr.Runset(entity, PROJECT, "mine", filters="Config('lr') >= 0.1", groupby=["config.lr"])],
        panels=[wr.LinePlot(title="Loss", x="Step", y=["loss"], log_y=True), wr.ScalarChart(metric="best")],
    )
    text = ["Some ", wr.Link("text", "https://a.example"), "."]
    blocks = [wr.TableOfContents(), wr.H1("One -- é"), wr.P(text), wr.CodeBlock("a = 1"), grid]
    report = wr.Report(PROJECT, entity, f"By {tracker} -- é", "d", blocks)
    report.save()
    draft = wr.Report(PROJECT, entity, f"Draft of {tracker}")
    draft.save(draft=True)
    gone = wr.Report(PROJECT, entity, "gone")
    gone.save()
    sections = [ws.Section("s", panels=[wr.LinePlot(y=["loss"])], is_open=True)]
    workspace = ws.Workspace(entity=entity, project=PROJECT, name=f"By {tracker}", sections=sections)
    workspace.save()
    tell(report=report.url, workspace=workspace.url, id=report.id, deleted=gone.delete())
else:
    report = wr.Report.from_url(rest[0])
    *_, code, grid = report.blocks
    line, scalar = grid.panels
    [runset] = grid.runsets
    workspace = ws.Workspace.from_url(rest[1])
    [section] = workspace.sections
    report.description = f"read by {tracker}"
    report.save()
    workspace.save()
    tell(
        place=[report.entity, report.project],
        kinds=[type(block).__name__ for block in report.blocks],
        code=code.code,
        line=[line.title, name(line.x), [name(y) for y in line.y], line.log_y],
        scalar=name(scalar.metric),
        runset=[runset.project, runset.name, runset.filters, runset.groupby],
        section=[section.name, section.is_open, [type(panel).__name__ for panel in section.panels]],
        ids=[report.id, wr.Report.from_url(report.url).id],
        description=wr.Report.from_url(report.url).description,
        listed=sorted(one.display_name for one in wandb.Api().reports(f"{report.entity}/{report.project}")),
    )
