"""Reports and workspaces of `wandb_workspaces`, saved without a network: what
was saved is what is read, byte for byte, at the daemon and, synced, at a hub."""

import json
import time

import pytest
import wandb
import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws
from wandb_workspaces._graphql import execute_graphql

from support.sdk import ENTITY

pytestmark = pytest.mark.story("reports")
PROJECT = f"{ENTITY}/reports"


def view(id):
    """A view as the SDK asks for it; `None` where there is none."""
    return execute_graphql(wandb.Api(), wr.gql.view_report, {"reportId": id})["view"]


def titles(api, project=PROJECT, **more):
    return [report.display_name for report in api.reports(project, **more)]


def test_every_kind_of_block_and_panel_is_kept(api, story):
    assert story["missing"] == [], "write these, too, in stories/reports.py"
    every = story["every"]
    found = view(every["id"])
    assert found["spec"] == every["spec"]
    assert (found["displayName"], found["description"]) == ("Every kind of block -- and panel", "d é")
    assert found["project"]["name"] == "reports" and found["project"]["entityName"] == ENTITY
    assert len(json.loads(found["spec"])["blocks"]) > 25


def test_a_report_is_read_by_its_link(api, story):
    back = wr.Report.from_url(story["every"]["url"])
    assert back.id == story["every"]["id"]
    assert (back.title, back.description, back.entity) == ("Every kind of block -- and panel", "d é", ENTITY)
    kinds = [type(block).__name__ for block in back.blocks]
    assert kinds[:4] == ["TableOfContents", "H1", "H2", "H3"] and "PanelGrid" in kinds
    grid = back.blocks[kinds.index("PanelGrid")]
    assert len(grid.panels) == 15 and grid.panels[0].title == "T «é»"
    assert (grid.runsets[0].project, grid.runsets[0].name) == ("reports", "mine")
    assert "/" not in story["every"]["url"].rsplit("--")[-1]


def test_saved_again_it_stays_the_same_report(api, story):
    assert story["plain"]["id"] == story["plain"]["again"]
    found = view(story["plain"]["id"])
    assert (found["displayName"], found["name"]) == ("Second", story["plain"]["name"])
    assert found["createdAt"] <= found["updatedAt"] and json.loads(found["spec"])["blocks"]


def test_a_copy_is_another(api, story):
    assert story["copy"]["id"] != story["plain"]["id"]
    assert view(story["copy"]["id"])["spec"] == story["copy"]["spec"]


def test_listed_the_last_saved_first(api, story):
    listed = titles(api)
    assert listed == ["Was a draft", "Second", "Second", "Every kind of block -- and panel"]
    assert titles(api, per_page=1) == listed
    assert titles(api, name=story["every"]["name"]) == ["Every kind of block -- and panel"]
    found = {report.id: report for report in api.reports(PROJECT)}
    every = found[story["every"]["id"]]
    assert every.spec == json.loads(story["every"]["spec"]) and every.user["username"]
    assert wr.Report.from_url(every.url).title == every.display_name


def test_drafts_are_no_reports_until_they_are_saved_as_such(api, story):
    draft = story["draft"]
    assert (draft["type"], view(draft["id"])["displayName"]) == ("runs/draft", "A draft")
    assert "A draft" not in titles(api)
    assert wr.Report.from_url(draft["url"]).title == "A draft"
    assert story["published"][0] == story["published"][1]


def test_deleted_it_is_gone(api, story):
    assert story["gone"]["deleted"] is True
    assert view(story["gone"]["id"]) is None
    assert "there is no view" in story["gone_again"]
    with pytest.raises(TypeError):
        wr.Report.from_url(story["gone"]["url"])


def test_a_report_makes_its_project(api, story):
    assert titles(api, f"{ENTITY}/brand-new-project") == ["In a new project"]
    assert "brand-new-project" in [project.name for project in api.projects(ENTITY)]


def test_nothing_is_shared_with_everybody(story):
    assert story["share"] is None and story["unshare"] is False
    assert "createAccessToken" in story["shared"]


def test_a_workspace_is_read_back(api, story):
    saved = story["workspace"]
    assert saved["same"] and saved["copy"] != saved["url"]
    back = ws.Workspace.from_url(saved["url"])
    assert (back.name, back.project, back.entity) == ("Renamed", "reports", ENTITY)
    assert [section.name for section in back.sections] == ["Loss"]
    assert (back.settings.max_runs, back.runset_settings.query) == (7, "a")
    assert "Renamed" not in titles(api), "a workspace is no report"


def test_a_save_is_seen_at_once(at_daemon):
    project = f"{ENTITY}/reports-now"
    report = wr.Report(project="reports-now", entity=ENTITY, title="Now")
    report.save()
    for turn in range(3):
        report.title = f"Turn {turn}"
        report.save()
        assert titles(wandb.Api(), project) == [f"Turn {turn}"]
    assert report.delete() is True and titles(wandb.Api(), project) == []


def test_what_is_too_large_is_refused(at_daemon):
    report = wr.Report(project="reports-large", entity=ENTITY, title="Large", blocks=[wr.MarkdownBlock("x" * (5 << 20))])
    began = time.monotonic()
    with pytest.raises(Exception, match="at most 4 MiB"):
        report.save()
    assert time.monotonic() - began < 20, "a refusal is not tried again"


def test_the_command_line_has_them(home, story, at_daemon):
    listed = home.json("reports", "list", "--project", "reports")["views"]
    assert "Was a draft" in [view["display_name"] for view in listed]
    shown = home.pannier("reports", "show", story["every"]["url"])
    assert "# One" in shown and "T «é»: loss, acc" in shown and "/reports/Every-kind-of-block-and-panel--" in shown
    whole = home.json("reports", "show", "Every kind of block -- and panel")
    assert whole["spec"] == story["every"]["spec"]
    home.pannier("reports", "delete", "Second", code=1)
    passing = wr.Report(project="passing", entity=ENTITY, title="Passing").save()
    home.pannier("reports", "delete", passing.id)
    home.pannier("reports", "show", "Passing", code=1)
    assert view(passing.id) is None
