"""The whole way of a model, told with either package, and all of it read back at
the daemon and at a hub."""

import pathlib

import pytest
import wandb_workspaces.reports.v2 as wr

from support.sdk import ENTITY, TRACKERS


@pytest.fixture(params=TRACKERS)
def tracker(request):
    """The package that the story is told with."""
    return request.param


@pytest.fixture
def story(tracker, tell_either):
    """What the story told of itself."""
    return tell_either("seed", tracker)


@pytest.mark.fast
def test_the_model_came_back_from_the_registry(story):
    assert (story["version"], story["used"]) == ("v0", "0.75")
    [[_, collection, aliases, tags, created]] = story["found"]
    assert collection.startswith("Demo-") and aliases == ["latest"] and tags == [] and created


def test_the_run(api, story, tracker):
    run = api.run(f"{ENTITY}/seed-{tracker}/{story['trained']}")
    assert [row["loss"] for row in run.scan_history(keys=["loss"])] == [1 / (epoch + 1) for epoch in range(10)]
    assert [artifact.name for artifact in run.logged_artifacts() if artifact.type == "model"] == ["seed-model:v0"]


def test_the_registry(api, story, tracker, tmp_path):
    collections = api.registries(filter={"name": {"$regex": "seed"}}).collections(filter={"name": f"Demo-{tracker}"})
    [version] = list(collections.versions(filter={"alias": "latest"}))
    assert (version.collection.name, version.source_name) == (f"Demo-{tracker}", "seed-model:v0")
    folder = version.download(root=str(tmp_path), skip_cache=True)
    assert (pathlib.Path(folder) / "model.txt").read_text() == "0.75"


def test_the_report(api, story, tracker):
    back = wr.Report.from_url(story["url"])
    assert (back.id, back.title) == (story["id"], "What came of it")
    kinds = [type(block).__name__ for block in back.blocks]
    assert kinds == ["TableOfContents", "H2", "MarkdownBlock", "PanelGrid"]
    plot = back.blocks[3].panels[0]
    assert (plot.title, [getattr(y, "name", y) for y in plot.y]) == ("Loss", ["loss"])
    assert [report.id for report in api.reports(f"{ENTITY}/seed-{tracker}")] == [story["id"]]
