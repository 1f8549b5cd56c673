"""Reports at a server: saved, read back, listed and deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest

import pannier.reports as wr
from pannier._api.api import Api
from pannier._api.web import Answer
from pannier.errors import CommError, NotFoundError, UsageError


def report(*blocks: Any, **fields: Any) -> Any:
    return wr.Report(project="p", entity="e", blocks=list(blocks), **fields)


class Door:
    """A server that has views, and the projects that were made."""

    def __init__(self) -> None:
        self.views: dict[str, dict[str, Any]] = {}
        self.projects = {"other": 7}

    def request(self, method: str, url: str, timeout_s: float, body: Any, *_: Any) -> Answer:
        asked = json.loads(body)
        answer = getattr(self, asked["operationName"])(asked["variables"])
        return Answer(200, json.dumps({"data": answer}).encode())

    def page(self, path: str) -> str:
        return f"http://127.0.0.1:1/{path}"

    def ProjectInternalId(self, asked: dict[str, Any]) -> Any:
        number = self.projects.get(asked["project"])
        return {"project": number and {"internalId": f"id{number}"}}

    def CreateProject(self, asked: dict[str, Any]) -> Any:
        self.projects[asked["input"]["name"]] = len(self.projects)
        return {"upsertModel": {}}

    def UpsertView(self, asked: dict[str, Any]) -> Any:
        asked["id"] = asked["id"] or f"Vmlld{len(self.views):03}"
        asked["project"] = {"name": asked["projectName"], "entityName": asked["entityName"]}
        self.views[asked["id"]] = {"user": {"username": "ann"}, "createdAt": "then", **asked}
        return {"upsertView": {"view": asked, "inserted": True}}

    def SpecificReport(self, asked: dict[str, Any]) -> Any:
        return {"view": self.views.get(asked["id"])}

    def DeleteView(self, asked: dict[str, Any]) -> Any:
        return {"deleteView": {"success": self.views.pop(asked["id"], None) is not None}}

    def ProjectViews(self, asked: dict[str, Any]) -> Any:
        if asked["project"] not in self.projects:
            return {"project": None}
        edges = [{"node": one} for one in self.views.values() if one["type"] == "runs"]
        return {"project": {"allViews": {"edges": edges, "pageInfo": {"hasNextPage": False}}}}


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    door = Door()
    monkeypatch.setattr(Api, "_door", lambda self: door)
    return door


def test_saved_and_read_back(door: Door) -> None:
    grid = wr.PanelGrid(runsets=[wr.Runset("e", "other")], panels=[wr.LinePlot(y=["loss"])])
    one = report(wr.H1("a", collapsed_blocks=[grid]), title="A b/c", description="d", width="fixed")
    with pytest.raises(AttributeError, match="once it is saved"):
        _ = one.url
    assert one.save() is one
    assert "p" in door.projects
    assert one.url == "http://127.0.0.1:1/e/p/reports/A-b%2Fc--Vmlld000"
    assert "http://127.0.0.1:1/e/p/reports" in one.to_html()
    saved = json.loads(door.views[one.id]["spec"])
    [runset] = saved["blocks"][1]["collapsedChildren"][0]["metadata"]["runSets"]
    assert runset["project"] == {"entityName": "e", "name": "other", "id": "id7"}

    back = wr.Report.from_url(one.url + "?a=b")
    assert (back.id, back.title, back.description, back.width) == (one.id, "A b/c", "d", "fixed")
    assert (back.project, back.entity) == ("p", "e")
    [plot] = back.blocks[0].collapsed_blocks[0].panels
    assert (plot.x, plot.y) == (wr.Metric("Step"), [wr.Metric("loss")])
    back.title = "new"
    name = door.views[one.id]["name"]
    assert back.save().id == one.id
    assert door.views[one.id]["displayName"] == "new"
    assert door.views[one.id]["name"] == name
    assert json.loads(door.views[one.id]["spec"]) == saved

    assert back.save(clone=True).id != one.id
    assert len(door.views) == 2
    assert back.delete() is True
    assert back.delete() is False


def test_drafts_and_what_the_api_lists(door: Door) -> None:
    report(title="draft").save(draft=True)
    report(wr.PanelGrid(), title="a b").save()
    found = Api().reports("e/p")
    assert len(found) == 1
    [one] = found
    assert (one.display_name, one.description, one.created_at) == ("a b", "", "then")
    assert (one.user.username, one.name) == ("ann", door.views[one.id]["name"])
    assert one.url == "http://127.0.0.1:1/e/p/reports/a-b--Vmlld001"
    assert len(one.sections) == 1
    assert one.spec["version"] == 5
    with pytest.raises(NotFoundError, match="e/nowhere"):
        list(Api().reports("e/nowhere"))


def test_what_is_not_there_is_said(door: Door) -> None:
    with pytest.raises(UsageError, match="no address of a report"):
        wr.Report.from_url("http://127.0.0.1:1/e/p/reports/title")
    with pytest.raises(NotFoundError, match="no report"):
        wr.Report.from_url("http://127.0.0.1:1/e/p/reports/title--Vmlldzox")
    with pytest.raises(CommError, match="run set 'Run set' is of project e/nowhere"):
        report(wr.PanelGrid(runsets=[wr.Runset("e", "nowhere")])).save()
    with pytest.raises(AttributeError, match="not saved"):
        report().delete()
    assert door.views == {}
