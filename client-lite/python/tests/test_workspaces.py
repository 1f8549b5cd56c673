"""Saved workspaces: what is refused, and what is saved and read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

import pannier.reports as wr
import pannier.workspaces as ws
from pannier._api.api import Api
from pannier._api.web import Answer
from pannier.errors import NotFoundError, UsageError


class Door:
    """A server that has views."""

    def __init__(self) -> None:
        self.views: list[dict[str, Any]] = []

    def request(self, method: str, url: str, timeout_s: float, body: Any, *_: Any) -> Answer:
        asked = json.loads(body)
        answer = getattr(self, asked["operationName"])(asked["variables"])
        return Answer(200, json.dumps({"data": answer}).encode())

    def page(self, path: str) -> str:
        return f"http://127.0.0.1:1/{path}"

    def ProjectInternalId(self, asked: dict[str, Any]) -> Any:
        return {"project": {"internalId": "id"}}

    def UpsertView(self, asked: dict[str, Any]) -> Any:
        asked["id"] = asked["id"] or f"id{len(self.views)}"
        self.views = [one for one in self.views if one["id"] != asked["id"]] + [asked]
        return {"upsertView": {"view": asked, "inserted": True}}

    def View(self, asked: dict[str, Any]) -> Any:
        found = [{"node": one} for one in self.views if one["name"] == asked["name"]]
        return {"project": {"allViews": {"edges": found}}}


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    door = Door()
    monkeypatch.setattr(Api, "_door", lambda self: door)
    return door


def workspace(**fields: Any) -> Any:
    return ws.Workspace(entity="e", project="p", **fields)


def test_saved_and_read_back(door: Door) -> None:
    runs = ws.RunsetSettings(
        filters=ws.Config("lr") >= 0.1,
        groupby=[ws.Config("opt.lr"), ws.Metric("Group")],
        group_colors={"0.1": "red", ws.GroupPath("0.1", "a"): "blue"},
        run_settings={"r1": ws.RunSettings("green", disabled=True)},
        pinned_columns=["config:lr"],
        baseline_run="r1",
        pinned_runs=["r2", ws.RunRef("x", "other", "q")],
    )
    sections = [ws.Section("Losses", panels=[wr.LinePlot(y=["loss"])], is_open=True)]
    settings = ws.WorkspaceSettings(x_axis="Runtime", max_runs=3, panel_search_query="loss")
    one = workspace(name="n", sections=sections, settings=settings, runset_settings=runs)
    with pytest.raises(AttributeError, match="once it is saved"):
        _ = one.url
    one.save()
    assert door.views[0]["type"] == "project-view"

    back = ws.Workspace.from_url(one.url)
    assert (back.entity, back.project, back.name) == ("e", "p", "n")
    assert (back.settings, back.url) == (settings, one.url)
    assert back.sections[0].panels == [wr.LinePlot(x=wr.Metric("Step"), y=[wr.Metric("loss")])]
    found = back.runset_settings
    assert (found.filters, found.group_colors) == ('Config("lr") >= 0.1', runs.group_colors)
    assert [repr(side) for side in found.groupby] == [repr(side) for side in runs.groupby]
    assert found.run_settings == runs.run_settings
    assert found.pinned_columns == ["run:displayName", "config:lr"]
    assert (found.baseline_run, found.pinned_runs) == ("r1", [*runs.pinned_runs, "r1"])

    spec = door.views[0]["spec"]
    back.save()
    assert [view["spec"] for view in door.views] == [spec]
    back.save_as_new_view()
    assert len(door.views) == 2
    assert back.url != one.url


def test_what_nobody_knows_or_changed_is_saved_as_it_came(door: Door) -> None:
    one = workspace(sections=[ws.Section("a", panels=[wr.LinePlot()])]).save()
    came = json.loads(door.views[0]["spec"])
    bank = came["section"]["panelBankConfig"]
    bank["panelConfigOverrides"] = {"k": {"x": 1}}
    bank["sections"][0].update(isPanelsAuto=True, __id__="s")
    came["section"]["customRunColors"] = {"run-color-group:%22other%22:%5B%5D": "red"}
    door.views[0]["spec"] = json.dumps(came)
    back = ws.Workspace.from_url(one.url)
    assert back.spec == came
    back.sections[0].panels.append(wr.MarkdownPanel("m"))
    bank["sections"][0]["panels"] = back.spec["section"]["panelBankConfig"]["sections"][0]["panels"]
    assert back.spec == came
    # Where the dashboard adds panels, those of people say that they are.
    assert [panel["isAuto"] for panel in bank["sections"][0]["panels"]] == [False, False]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: ws.Section(3), "Section.name must be a string"),
        (lambda: ws.WorkspaceSettings(max_runs=0), "a whole number, 1 or more; not 0"),
        (lambda: ws.WorkspaceSettings(group_by_prefix="both"), "one of 'first', 'last'"),
        (lambda: ws.RunsetSettings(groupby=["lr"]), "a list of Config, Metric or Summary objects"),
        (lambda: ws.RunsetSettings(pinned_runs=["a/b"]), "runs' ids or RunRef objects; not 'a/b'"),
        (lambda: ws.RunsetSettings(order=["lr"]), "a list of Ordering objects"),
        (lambda: workspace(sections=[wr.P()]), "a list of Section objects"),
        (lambda: ws.Workspace.from_url("http://a.example/e/p"), "ENTITY/PROJECT?nw=NAME"),
    ],
)
def test_what_is_refused_and_how(build: Any, words: str) -> None:
    with pytest.raises(UsageError) as error:
        build()
    assert words in str(error.value)


def test_what_is_not_there_is_said(door: Door) -> None:
    with pytest.raises(NotFoundError, match="e/p has no saved workspace 'nw-x-v'"):
        ws.Workspace.from_url("http://127.0.0.1:1/e/p?nw=x")
    one = workspace().save()
    door.views[0]["spec"] = '{"section": 3}'
    with pytest.raises(UsageError, match="a form that this version cannot read"):
        ws.Workspace.from_url(one.url)


def test_colours_of_groups_that_are_not_there_are_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = workspace(runset_settings=ws.RunsetSettings(group_colors={"a": "red"}))
    assert one.spec["section"]["customRunColors"] == {}
    assert "group_colors['a'] is of no group" in capsys.readouterr().err
