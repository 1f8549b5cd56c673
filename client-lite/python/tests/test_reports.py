"""Reports without a server: what is written, read back, and refused."""

from __future__ import annotations

import copy
import json
import pickle
import random
from typing import Any

import pytest

import pannier
import pannier.reports as wr
from pannier.errors import UsageError
from pannier.reports import expr

BLOCKS = [
    wr.TableOfContents(),
    wr.H1("One", collapsed_blocks=[wr.P("within")]),
    wr.H2(["Two ", wr.Link("here", "https://a.example"), " ", wr.InlineCode("x")]),
    wr.H3([wr.InlineLatex("x^2")]),
    wr.P(["a", "b", wr.Link("c", "d")]),
    wr.MarkdownBlock("# a"),
    wr.LatexBlock("x"),
    wr.CodeBlock("a = 1\nb = 2"),
    wr.CodeBlock("a", None),
    wr.BlockQuote("said"),
    wr.CalloutBlock("look"),
    wr.CheckedList([wr.CheckedListItem("a", True), wr.CheckedListItem("b")]),
    wr.OrderedList(["a", ["b", wr.InlineCode("c")]]),
    wr.UnorderedList(["a"]),
    wr.HorizontalRule(),
    wr.Image("https://a.example/b.png", "caption"),
    wr.Video("https://a.example/b"),
    wr.Spotify("id"),
    wr.SoundCloud("<iframe>"),
    wr.Twitter("<blockquote>"),
    wr.Gallery([wr.GalleryReport("r"), wr.GalleryURL("u", "t")]),
    wr.WeaveBlockSummaryTable("e", "p", "t"),
    wr.WeaveBlockArtifact("e", "p", "a", "files"),
    wr.WeaveBlockArtifactVersionedFile("e", "p", "a", "v0", "f"),
    wr.UnknownBlock(type="mystery", children=[{"text": ""}], more={"of": ["it"]}),
]

PANELS = [
    wr.LinePlot(title="t", x="Step", y=["loss", wr.Config("a.b"), wr.SummaryMetric("c")]),
    wr.LinePlot(x=None, range_x=(0, 1), log_y=True, line_colors={"a": {"color": "red"}}),
    wr.ScatterPlot(x=wr.Config("lr"), gradient=[wr.GradientPoint("#fff", 50)]),
    wr.BarPlot(metrics=["a"], orientation="v", groupby=wr.Config("lr"), aggregate=True),
    wr.ScalarChart(metric=wr.Metric("best"), groupby_aggfunc="max"),
    wr.CodeComparer("unified"),
    wr.ParallelCoordinatesPlot([wr.ParallelCoordinatesPlotColumn(wr.Config("lr"), log=True)]),
    wr.ParameterImportancePlot("loss"),
    wr.RunComparer("split"),
    wr.MediaBrowser(media_keys=["a"], mode="grid", grid_x_axis="run"),
    wr.MarkdownPanel("hi"),
    wr.CustomChart({"history": {"keys": ["a"]}, "config": None}, "wandb/line/v0", {"x": "a"}),
    wr.WeavePanel({"panel2Config": {}}),
    wr.WeavePanelSummaryTable("t"),
    wr.WeavePanelArtifact("a", "lineage"),
    wr.WeavePanelArtifactVersionedFile("a", "v0", "f"),
    wr.UnknownPanel(__id__="x", viewType="Mystery", layout={"x": 0, "y": 60, "w": 8, "h": 6}),
]

RUNSETS = [
    wr.Runset(),
    wr.Runset("team", "other", "theirs", "text", "Config('lr') >= 0.1"),
    wr.Runset(
        groupby=["config.lr", "run.group"],
        order=[wr.OrderBy(wr.Config("lr"), True), wr.OrderBy(wr.SummaryMetric("loss"))],
        run_settings={"r1": wr.RunSettings("red", True), "r2": wr.RunSettings(disabled=True)},
        pinned_columns=["a"],
        visible_columns=["b"],
        hidden_columns=["c"],
        column_order=["a", "b"],
        column_widths={"a": 3},
        lock_columns=True,
    ),
]


def report(*blocks: Any, **fields: Any) -> Any:
    return wr.Report(project="p", entity="e", blocks=list(blocks), **fields)


def again(one: Any) -> Any:
    """The report, written as JSON and read."""
    return wr.Report._of(json.loads(json.dumps(one.spec)))


def refused(build: Any) -> str:
    with pytest.raises(UsageError) as error:
        build()
    return str(error.value)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_a_block_comes_back_as_it_was(block: Any) -> None:
    back = again(report(block))
    assert back.blocks == [block]
    assert type(back.blocks[0]) is type(block)
    assert back.spec == report(block).spec


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: type(panel).__name__)
def test_a_panel_comes_back_as_it_was(panel: Any) -> None:
    one = report(wr.PanelGrid(panels=[panel]))
    back = again(one)
    assert type(back.blocks[0].panels[0]) is type(panel)
    # A metric that was a string says by its class what it was taken for.
    assert again(back).blocks == back.blocks
    assert back.spec == one.spec


def test_run_sets_come_back_as_they_were() -> None:
    keys = (wr.RunsetGroupKey(wr.Config("lr"), "0.1"), wr.RunsetGroupKey(wr.Metric("Group"), "a"))
    colours = {wr.RunsetGroup("theirs", keys): "red", "r9": "blue"}
    one = report(wr.PanelGrid(runsets=RUNSETS, custom_run_colors=colours, active_runset=1))
    back = again(one)
    assert back.spec == one.spec
    grid = back.blocks[0]
    assert grid.custom_run_colors == colours
    assert grid.active_runset == 1
    assert [one.name for one in grid.runsets] == ["Run set", "theirs", "Run set"]
    ours, theirs = grid.runsets[2], grid.runsets[1]
    assert (theirs.entity, theirs.project, theirs.query) == ("team", "other", "text")
    assert theirs.filters == 'Config("lr") >= 0.1'
    assert ours.run_settings == RUNSETS[2].run_settings
    assert (ours.pinned_columns, ours.visible_columns) == (["a"], ["b"])
    assert ours.order == RUNSETS[2].order
    assert ours.groupby == ["config.lr.value", "run.Group"]


def test_what_nobody_knows_or_changed_is_written_as_it_came() -> None:
    grid = wr.PanelGrid(panels=[wr.LinePlot(y=["loss"]), wr.MarkdownPanel("a")])
    spec = report(wr.H1("a"), grid, width="fluid").spec
    _, heading, grid, _ = spec["blocks"]
    heading["children"] = [{"text": "bold", "bold": True}]
    heading["anchor"] = "here"
    line, _ = grid["metadata"]["panelBankSectionConfig"]["panels"]
    line["config"]["ours"] = {"x": 1}
    line["config"]["legendPosition"] = "in the middle"
    line["key"] = "k"
    grid["metadata"]["openViz"] = False
    [runset] = grid["metadata"]["runSets"]
    runset["filters"] = {"op": "OR", "filters": [{"op": "AND", "filters": []}]}
    runset["selections"]["tree"] = [{"value": "g", "children": ["r1"]}]
    spec["blocks"].insert(2, {"type": "mention", "user": {"id": 7}})
    spec["from"] = "elsewhere"
    came = copy.deepcopy(spec)

    back = wr.Report._of(spec)
    assert back.spec == came
    back.blocks[2].panels[0].title = "new"
    back.blocks[0].text = "plain"
    now = back.spec
    assert now["blocks"][1] == {**came["blocks"][1], "children": [{"text": "plain"}]}
    changed = now["blocks"][3]["metadata"]["panelBankSectionConfig"]["panels"][0]
    assert changed["config"] == {**line["config"], "chartTitle": "new"}
    changed["config"] = line["config"]
    now["blocks"][1] = came["blocks"][1]
    assert now == came


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container within a JSON value, with each of its keys."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    return [place for key in keys for place in [(value, key), *places(value[key])]]


@pytest.mark.parametrize("seed", range(100))
def test_whatever_it_says_is_written_as_it_came(seed: int) -> None:
    chance = random.Random(seed)
    grid = wr.PanelGrid(runsets=RUNSETS, panels=copy.deepcopy(chance.sample(PANELS, 4)))
    spec = json.loads(json.dumps(report(grid, *chance.sample(BLOCKS, 4)).spec))
    other = [None, 1, -1.5, "x", "config:a", [], {}, True, [{}], {"a": 1}, ["a"]]
    for _ in range(chance.randrange(1, 6)):
        within, key = chance.choice([place for block in spec["blocks"] for place in places(block)])
        if chance.random() < 0.3:
            del within[key]
        else:
            within[key] = chance.choice(other)
    assert wr.Report._of(copy.deepcopy(spec)).spec == spec


def test_comments_on_text_are_kept() -> None:
    comments = [{"refID": "1", "threadID": "2", "commentID": "3"}]
    text = wr.TextWithInlineComments("t", _inline_comments=comments)
    spec = report(wr.P(["a", text, wr.Link(text, "u")])).spec
    node = {"text": "t", "inlineComments": comments}
    link = {"type": "link", "url": "u", "children": [node]}
    assert spec["blocks"][1]["children"] == [{"text": "a"}, node, link]
    assert wr.Report._of(spec).blocks == [wr.P(["a", text, wr.Link(text, "u")])]


def test_what_is_taken_away_is_gone() -> None:
    one = again(report(wr.PanelGrid(panels=[wr.LinePlot(title="t", y=["a"]), wr.LinePlot()])))
    grid = one.blocks[0]
    grid.panels[0].title = None
    grid.panels.pop()
    [panel] = one.spec["blocks"][1]["metadata"]["panelBankSectionConfig"]["panels"]
    assert panel["config"] == {"xAxis": "_step", "metrics": ["a"]}


def test_panels_do_not_cover_each_other() -> None:
    grid = wr.PanelGrid(panels=[wr.LinePlot() for _ in range(4)])
    assert [(one.layout.x, one.layout.y) for one in grid.panels] == [
        (0, 0),
        (8, 0),
        (16, 0),
        (0, 6),
    ]
    first = wr.LinePlot(layout=wr.Layout(0, 0, 24, 10))
    grid.panels = [first, wr.MarkdownPanel("m")]
    assert grid.panels[1].layout == wr.Layout(0, 10)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Config('lr') = 0.1", 'Config("lr") == 0.1'),
        (
            "State == running and loss <= -2",
            'Metric("State") == \'running\' and Metric("loss") <= -2',
        ),
        (
            "Config('a') == '=' and (Config('b') in [1, None] or Tags() == 'x')",
            'Config("a") == \'=\' and (Config("b") in [1, None] or Metric("Tags") == \'x\')',
        ),
        (
            "Metric('CreatedTimestamp') within_last 48 hours or config.lr == True",
            'Metric("CreatedTimestamp") within_last 2 days or Config("lr") == True',
        ),
        ("summary_metrics.a.b != 3", 'SummaryMetric("a.b") != 3'),
    ],
)
def test_filters_as_text(text: str, written: str) -> None:
    back = again(report(wr.PanelGrid(runsets=[wr.Runset(filters=text)])))
    assert back.blocks[0].runsets[0].filters == written


def test_filters_in_python_are_kept_as_text() -> None:
    either = expr.Or(expr.Config("a") == 1, expr.Metric("State").isin(["Crashed"]))
    filters = expr.And(expr.Summary("loss") <= 1, either)
    runset = wr.Runset(filters=filters)
    assert runset.filters == (
        'SummaryMetric("loss") <= 1 and (Config("a") == 1 or Metric("State") in [\'crashed\'])'
    )
    with pytest.warns(UserWarning, match="it means '>='"):
        assert wr.Runset(filters=[expr.Config("lr") > 1]).filters == 'Config("lr") >= 1'


def test_filters_that_mean_nothing_are_refused() -> None:
    assert "cannot be read" in refused(lambda: wr.Runset(filters="Config('a') =="))
    assert "not about Foo('a')" in refused(lambda: wr.Runset(filters="Foo('a') == 1"))
    nested = (
        "Config('a') == 1 and (Config('b') == 1 or (Config('c') == 1 and (State == 1 or x == 2)))"
    )
    assert "parentheses within" in refused(lambda: wr.Runset(filters=nested))
    assert "CreatedTimestamp only" in refused(lambda: wr.Runset(filters="x within_last 3 days"))
    assert "cannot be read" in refused(lambda: wr.Runset(filters="Config('a') == 'b' - 1"))
    assert "minutes, hours" in refused(
        lambda: expr.Metric("CreatedTimestamp").within_last(3, "eons")
    )


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: wr.LinePlot(y=[3]), "LinePlot.y must be a list of metrics"),
        (lambda: wr.LinePlot(legend_position="up"), "one of 'north', 'south', 'east', 'west'"),
        (
            lambda: wr.LinePlot(log_x="yes"),
            "LinePlot.log_x must be True or False, or None; not 'yes'",
        ),
        (lambda: wr.LinePlot(range_x=3), "LinePlot.range_x must be a pair (low, high)"),
        (lambda: wr.LinePlot(groupby=wr.SummaryMetric("a"))._json(), "not grouped by a summary"),
        (lambda: wr.LinePlot(smoothing_factor=float("nan")), "must be a number"),
        (lambda: wr.GradientPoint("red"), "GradientPoint.color must be #rgb"),
        (lambda: wr.GradientPoint("#fff", 101), "a number from 0 to 100"),
        (lambda: wr.Layout(x=1.5), "Layout.x must be a whole number; not 1.5 (float)"),
        (lambda: wr.Config(3), "Config.name must be a string; not 3 (int)"),
        (lambda: wr.P(3), "P.text must be a string, Link"),
        (lambda: wr.PanelGrid(panels=[wr.LinePlot]), "write LinePlot(...)"),
        (lambda: wr.PanelGrid(runsets=[]), "one run set is the least"),
        (lambda: report("text"), "write P('text') for a paragraph"),
        (lambda: report(wr.LinePlot()), "put it into PanelGrid(panels=[...])"),
        (lambda: report(title="x" * 129), "at most 128 characters; it has 129"),
        (lambda: report(width="wide"), "one of 'readable', 'fixed', 'fluid'; not 'wide'"),
        (lambda: wr.MediaBrowser(gallery_axis="step", grid_x_axis="run")._json(), "mode='gallery'"),
    ],
)
def test_what_is_refused_and_how(build: Any, words: str) -> None:
    assert words in refused(build)


def test_what_is_put_into_a_list_later_is_checked_when_it_is_written() -> None:
    one = report(wr.PanelGrid(panels=[wr.LinePlot()]))
    one.blocks[0].panels[0].y.append(3)
    assert "LinePlot.y must be a list of metrics" in refused(lambda: one.spec)


def test_names_that_are_not_there_name_those_that_are() -> None:
    with pytest.raises(AttributeError, match="no 'LinePlott'; it has .*LinePlot"):
        _ = wr.LinePlott
    with pytest.raises(AttributeError, match="LinePlot has no field 'titel'; it has title, x"):
        wr.LinePlot().titel = "t"
    with pytest.raises(TypeError, match="LinePlot has no field 'titel'; it has title, x"):
        wr.LinePlot(titel="t")
    with pytest.raises(TypeError, match="HorizontalRule has no field 'x'; it has none"):
        wr.HorizontalRule(x=1)
    with pytest.raises(AttributeError, match="has no field 'x'"):
        _ = BLOCKS[-1].x
    assert pannier.reports is wr


def test_parts_are_shown_compared_and_copied() -> None:
    plot = wr.LinePlot(title="t", y="loss")
    assert repr(plot) == "LinePlot(title='t', y=['loss'])"
    assert repr(wr.P("a")) == "P(text='a')"
    for twin in (copy.deepcopy(plot), pickle.loads(pickle.dumps(plot))):
        assert twin == plot
    for unknown in (BLOCKS[-1], PANELS[-1]):
        assert copy.deepcopy(unknown) == unknown
    assert wr.P("a") != wr.P("b")
