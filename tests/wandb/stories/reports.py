"""Reports of every kind of block and panel, drafts, copies, what was deleted;
and a saved workspace. Tells what it sent."""

import json

import wandb
import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.reports.v2.interface as interface
import wandb_workspaces.workspaces as ws
from telling import tell

PROJECT = "reports"
sent = []
execute = interface.execute_graphql


def noting(api, query, variables=None):
    """Asks, and keeps the specs that are sent."""
    if "upsertView" in query:
        sent.append(variables)
    return execute(api, query, variables)


interface.execute_graphql = noting
# What stands for blocks and panels of W&B that the SDK knows no more of than their type.
NOT_WRITTEN = {interface.UnknownBlock, interface.UnknownPanel, interface.Block, interface.Panel, interface.Heading}
NOT_WRITTEN |= {interface.List, interface.WeaveBlock}


def written(base):
    """Every class of the SDK below this one that a program may write."""
    found = set()
    for kind in base.__subclasses__():
        found |= written(kind) | {kind}
    return found - NOT_WRITTEN


def panels():
    """One panel of each kind, said as fully as a person would."""
    artifact = {"artifact": "net", "tab": "overview"}
    column = wr.ParallelCoordinatesPlotColumn
    return [
        wr.LinePlot(title="T «é»", x="Step", y=["loss", wr.Metric("acc")], log_y=True, range_y=(0, 1.5), smoothing_factor=0.25),
        wr.ScatterPlot(title="s", x=wr.SummaryMetric("loss"), y="acc", z="epoch", gradient=[wr.GradientPoint(color="#ff0000", offset=10)]),
        wr.BarPlot(title="b", metrics=["loss"], orientation="v", groupby=wr.Config("lr")),
        wr.ScalarChart(title="c", metric="best", groupby_aggfunc="max"),
        wr.CodeComparer(diff="split"),
        wr.ParallelCoordinatesPlot(columns=[column(metric=wr.Config("lr")), column(metric="loss", log=True, inverted=True)]),
        wr.ParameterImportancePlot(with_respect_to="loss"),
        wr.RunComparer(diff_only="split"),
        wr.MediaBrowser(media_keys=["pictures"], num_columns=4),
        wr.MarkdownPanel(markdown="**bold**\n\n$x^2$"),
        wr.CustomChart(query={"summary": ["loss"]}, chart_name="wandb/bar/v0", chart_fields={"label": "a"}),
        wr.WeavePanel(config={"any": ["thing", {"deep": None}]}),
        wr.WeavePanelSummaryTable(table_name="words"),
        wr.WeavePanelArtifact(**artifact),
        wr.WeavePanelArtifactVersionedFile(artifact="net", version="v0", file="w.txt"),
    ]


def blocks(entity):
    """One block of each kind."""
    runset = wr.Runset(
        entity, PROJECT, name="mine", filters="Config('lr') > 0.01", groupby=["Config.lr"],
        order=[wr.OrderBy("loss", ascending=True)],
    )
    of_project = {"entity": entity, "project": PROJECT}
    return [
        wr.TableOfContents(),
        wr.H1("One"), wr.H2(["Two ", wr.InlineCode("code")]), wr.H3("Three"),
        wr.H2("Folded", collapsed_blocks=[wr.P("hidden")]),
        wr.P(["plain ", wr.Link("a link", "https://example.org/?a=1&b=2"), wr.InlineLatex("x^2"), " \u2028 \U0001f3d4"]),
        wr.MarkdownBlock("| a | b |\n|---|---|\n| 1 | \"2\" |"),
        wr.CodeBlock("if a < b:\n\tprint('\\n')", language="python"),
        wr.BlockQuote("quoted"), wr.CalloutBlock("called out\ntwice"), wr.LatexBlock("\\frac{1}{2}"),
        wr.OrderedList(["first", ["second ", wr.InlineLatex("y")]]),
        wr.UnorderedList(["a", ["b ", wr.InlineCode("c")]]),
        wr.CheckedList([wr.CheckedListItem("done", checked=True), wr.CheckedListItem("not yet")]),
        wr.HorizontalRule(),
        wr.Image("https://example.org/a.png", caption="a picture"), wr.Video("https://example.org/v.mp4"),
        interface.Spotify("abc"), interface.SoundCloud("<iframe></iframe>"), interface.Twitter("<blockquote></blockquote>"),
        wr.Gallery(items=[interface.GalleryReport(report_id="Vmlldzox"), interface.GalleryURL(url="https://example.org", image_url="https://example.org/i.png")]),
        wr.PanelGrid(runsets=[runset, wr.Runset()], panels=panels(), hide_run_sets=False, active_runset=1),
        wr.WeaveBlockSummaryTable(**of_project, table_name="words"),
        wr.WeaveBlockArtifact(**of_project, artifact="net", tab="overview"),
        wr.WeaveBlockArtifactVersionedFile(**of_project, artifact="net", version="v0", file="w.txt"),
    ]


def last():
    """The spec and the name that were sent last."""
    return {key: sent[-1][key] for key in ("spec", "name", "type")}


with wandb.init(project=PROJECT, config={"lr": 0.1}) as run:
    run.log({"loss": 1.0, "acc": 0.5})
    entity = run.entity

written_blocks, written_panels = blocks(entity), panels()
missing = (written(interface.Block) - {type(block) for block in written_blocks}) | (
    written(interface.Panel) - {type(panel) for panel in written_panels}
)
tell(missing=sorted(kind.__name__ for kind in missing), entity=entity)

report = wr.Report(project=PROJECT, title="Every kind of block -- and panel", description="d é", blocks=written_blocks, width="fluid")
report.save()
tell(every={"id": report.id, "url": report.url} | last())

plain = wr.Report(project=PROJECT, title="First", blocks=[wr.P("one")])
plain.save()
seen = wr.Report.from_url(plain.url)
seen.title = "Second"
seen.save()
tell(plain={"id": plain.id, "again": seen.id, "url": seen.url} | last())
copy = seen.save(clone=True)
tell(copy={"id": copy.id, "url": copy.url} | last())

draft = wr.Report(project=PROJECT, title="A draft")
draft.save(draft=True)
tell(draft={"id": draft.id, "url": draft.url} | last())
made = wr.Report(project=PROJECT, title="Was a draft")
made.save(draft=True)
drafted = made.id
made.save()
tell(published=(drafted, made.id))

gone = wr.Report(project=PROJECT, title="Gone")
gone.save()
tell(gone={"id": gone.id, "url": gone.url, "deleted": gone.delete()})
try:
    gone.save()
    tell(gone_again="")
except Exception as error:
    tell(gone_again=str(error))

other = wr.Report(project="brand-new-project", title="In a new project")
other.save()
tell(new={"id": other.id, "url": other.url})
tell(share=report.get_share_url(), unshare=report.disable_share_link())
try:
    report.enable_share_link()
    tell(shared="")
except Exception as error:
    tell(shared=str(error))

workspace = ws.Workspace(
    entity=entity,
    project=PROJECT,
    name="My workspace",
    sections=[ws.Section(name="Loss", panels=[wr.LinePlot(x="Step", y=["loss"])], is_open=True)],
    settings=ws.WorkspaceSettings(smoothing_type="none", max_runs=7),
    runset_settings=ws.RunsetSettings(query="a", filters=[ws.Config("lr") > 0.01]),
)
workspace.save()
first = workspace.url
workspace.name = "Renamed"
workspace.save()
tell(workspace={"same": first == workspace.url, "url": workspace.url, "copy": workspace.save_as_new_view().url})
