"""The whole way of a model, and all of it read back at the daemon and at a hub."""

import pathlib

import pytest
import wandb_workspaces.reports.v2 as wr

from support.sdk import ENTITY

pytestmark = pytest.mark.story("seed")


def test_the_model_came_back_from_the_registry(story):
    assert (story["version"], story["used"]) == ("v0", "0.75")


def test_the_run(api, story):
    run = api.run(f"{ENTITY}/seed/{story['trained']}")
    assert [row["loss"] for row in run.scan_history(keys=["loss"])] == [1 / (epoch + 1) for epoch in range(10)]
    assert [artifact.name for artifact in run.logged_artifacts() if artifact.type == "model"] == ["seed-model:v0"]


def test_the_registry(api, story, tmp_path):
    found = api.registries(filter={"name": {"$regex": "seed"}}).collections().versions(filter={"alias": "latest"})
    [version] = list(found)
    assert (version.collection.name, version.source_name) == ("Demo", "seed-model:v0")
    folder = version.download(root=str(tmp_path), skip_cache=True)
    assert (pathlib.Path(folder) / "model.txt").read_text() == "0.75"


def test_the_report(api, story):
    back = wr.Report.from_url(story["url"])
    assert (back.id, back.title) == (story["id"], "What came of it")
    kinds = [type(block).__name__ for block in back.blocks]
    assert kinds == ["TableOfContents", "H2", "MarkdownBlock", "PanelGrid"]
    plot = back.blocks[3].panels[0]
    assert (plot.title, [getattr(y, "name", y) for y in plot.y]) == ("Loss", ["loss"])
    assert [report.id for report in api.reports(f"{ENTITY}/seed")] == [story["id"]]
