"""Runs as logged, read with every call of the public API that reads runs."""

import pytest
import wandb

from support.sdk import ENTITY

pytestmark = [pytest.mark.story("basics")]


@pytest.fixture
def runs(api, story):
    """The story's runs by name, each asked for by its path."""
    return {name: api.run(f"{ENTITY}/basics/{id}") for name, id in story["ids"].items()}


@pytest.mark.fast
def test_the_run_says_where_it_is(story, variables):
    assert (story["entity"], story["project"]) == (ENTITY, "basics")
    assert story["url"] == f"{variables['WANDB_BASE_URL']}/{ENTITY}/basics/runs/{story['ids']['gamma']}"


@pytest.mark.fast
def test_viewer_and_default_entity(api, place, hub):
    assert api.viewer.username
    if place == "hub":
        assert (api.viewer.username, api.default_entity) == (hub.user, hub.user)
    else:
        assert api.default_entity == ENTITY, "PANNIER_ENTITY says so"


def test_projects(api):
    assert "basics" in [project.name for project in api.projects(ENTITY)]
    assert "basics" in [project.name for project in api.projects(ENTITY, per_page=1)]
    project = api.project("basics", entity=ENTITY)
    assert (project.name, project.entity) == ("basics", ENTITY)
    assert project.url.endswith(f"/{ENTITY}/basics/workspace")


@pytest.mark.fast
def test_what_init_said(runs, story):
    for name, run in runs.items():
        plan = story["runs"][name]
        assert (run.name, run.notes, run.group, run.job_type) == (name, f"the notes of {name}", plan["group"], "fit")
        assert sorted(run.tags) == sorted(plan["tags"])
        assert run.state == "finished"
        assert run.config == {
            "rate": plan["rate"],
            "layers": [8, 4],
            "optimizer": {"name": "sgd", "momentum": 0.9},
        }
        assert (run.entity, run.project, run.id) == (ENTITY, "basics", story["ids"][name])
        assert run.user.username
        assert run.created_at <= run.heartbeat_at


@pytest.mark.fast
def test_summary(runs, story):
    for name, run in runs.items():
        plan = story["runs"][name]
        assert run.summary["score"] == plan["rate"] * 100
        assert dict(run.summary["words"]) == {"of": name}
        assert run.summary["error"] == plan["rate"] * plan["rows"]
        assert run.summary["_step"] == plan["rows"] - 1
        assert run.summary["_runtime"] >= 0


@pytest.mark.fast
def test_history(runs, story):
    for name, run in runs.items():
        rows, rate = story["runs"][name]["rows"], story["runs"][name]["rate"]
        frame = run.history()
        assert list(frame["_step"]) == list(range(rows))
        assert list(frame["error"]) == [rate * (step + 1) for step in range(rows)]
        assert run.lastHistoryStep == rows - 1
        two = run.history(keys=["half", "whole"], pandas=False)
        assert [(row["_step"], row["half"], row["whole"]) for row in two] == [(n, n // 2, n) for n in range(rows)]


def test_sampled_history(runs):
    few = runs["alpha"].history(samples=5, pandas=False)
    assert 2 <= len(few) <= 6
    one = runs["alpha"].history(samples=4, keys=["error"], x_axis="whole", pandas=False)
    assert 2 <= len(one) <= 5
    assert all(set(row) >= {"error", "whole"} for row in one)


@pytest.mark.fast
def test_scan_history(runs):
    run = runs["alpha"]
    everything = list(run.scan_history())
    assert [row["_step"] for row in everything] == list(range(30))
    assert [row["error"] for row in everything] == [0.5 * (step + 1) for step in range(30)]
    assert all(isinstance(row["_timestamp"], (int, float)) for row in everything)
    for size in (1, 7, 30, 1000):
        paged = list(run.scan_history(keys=["half"], page_size=size))
        assert [row["half"] for row in paged] == [step // 2 for step in range(30)], size
        whole = list(run.scan_history(page_size=size))
        assert [row["_step"] for row in whole] == list(range(30)), size


def test_scan_history_of_a_stretch(runs):
    run = runs["alpha"]
    assert [row["_step"] for row in run.scan_history(min_step=25)] == [25, 26, 27, 28, 29]
    assert [row["_step"] for row in run.scan_history(min_step=3, max_step=6)] == [3, 4, 5]
    assert [row["half"] for row in run.scan_history(keys=["half"], min_step=3, max_step=6)] == [1, 2, 2]
    assert list(run.scan_history(keys=["no such metric"])) == []
    assert [row["_step"] for row in run.scan_history(use_cache=False)] == list(range(30))


def test_filters(api, story):
    def names(**filters):
        return sorted(run.name for run in api.runs(f"{ENTITY}/basics", filters=filters))

    ids = story["ids"]
    everything = sorted(ids)
    for expected, filters in [
        (everything, {}),
        (["beta"], {"config.rate": 0.25}),
        (["beta"], {"config.rate.value": 0.25}),
        (["alpha", "beta"], {"config.rate": {"$gte": 0.25}}),
        (["gamma"], {"config.rate": {"$lt": 0.25}}),
        (everything, {"config.optimizer.name": "sgd"}),
        (["alpha", "gamma"], {"tags": "even"}),
        (["alpha", "beta"], {"tags": {"$in": ["first", "odd"]}}),
        (["beta"], {"display_name": "beta"}),
        (["beta"], {"displayName": {"$regex": "^b"}}),
        (["gamma"], {"name": ids["gamma"]}),
        (["alpha", "beta"], {"group": "left"}),
        (everything, {"jobType": "fit"}),
        ([], {"jobType": "none"}),
        (everything, {"state": "finished"}),
        ([], {"state": "running"}),
        (["alpha"], {"summary_metrics.score": {"$gt": 25}}),
        (["alpha", "beta"], {"summary_metrics.score": {"$ne": 12.5}}),
        (["alpha", "gamma"], {"$or": [{"config.rate": 0.5}, {"config.rate": 0.125}]}),
        (["alpha"], {"$and": [{"tags": "even"}, {"group": "left"}]}),
        (["gamma"], {"$nor": [{"group": "left"}]}),
        ([], {"config.missing": {"$exists": True}}),
        (everything, {"config.missing": {"$exists": False}}),
        (["beta", "gamma"], {"config.rate": {"$nin": [0.5]}}),
        (everything, {"created_at": {"$gt": "2020-01-01T00:00:00Z"}}),
        ([], {"createdAt": {"$lt": "2020-01-01T00:00:00Z"}}),
    ]:
        assert names(**filters) == expected, filters


def test_order_and_pages(api):
    def ordered(order, per_page=50):
        return [run.name for run in api.runs(f"{ENTITY}/basics", order=order, per_page=per_page)]

    assert ordered("+created_at") == ["alpha", "beta", "gamma"]
    for size in (1, 2, 3):
        assert ordered("-created_at", size) == ["gamma", "beta", "alpha"]
    assert ordered("+config.rate.value") == ["gamma", "beta", "alpha"]
    assert ordered("-config.rate.value", 1) == ["alpha", "beta", "gamma"]
    assert ordered("+summary_metrics.score") == ["gamma", "beta", "alpha"]
    found = api.runs(f"{ENTITY}/basics", per_page=1)
    assert len(found) == 3
    assert len(list(found)) == 3
    assert found[1].name == "beta"


@pytest.mark.parametrize("lazy", [True, False])
def test_lazy_and_full(api, story, lazy):
    for run in api.runs(f"{ENTITY}/basics", lazy=lazy):
        assert run.config["rate"] == story["runs"][run.name]["rate"]
        assert run.summary["score"] == story["runs"][run.name]["rate"] * 100
        assert run.lastHistoryStep == story["runs"][run.name]["rows"] - 1
        assert run.load_full_data(force=True)


def test_histories_of_many(api):
    frame = api.runs(f"{ENTITY}/basics").histories(keys=["error"], format="pandas")
    assert len(frame) == 30 + 12 + 7
    rows = api.runs(f"{ENTITY}/basics", order="-created_at").histories(keys=["half"])
    assert len({row["run_id"] for row in rows}) == 3


@pytest.mark.fast
def test_console(runs):
    for name, run in runs.items():
        lines = [line.content for line in run.console_logs()]
        assert lines.count(f"{name} begins") == lines.count(f"{name} ends") == 1
        assert lines.index(f"{name} begins") < lines.index(f"{name} ends")


def test_files_of_the_run(runs, tmp_path):
    run = runs["beta"]
    files = {file.name: file for file in run.files()}
    assert set(files) >= {"config.yaml", "requirements.txt", "wandb-metadata.json", "wandb-summary.json", "output.log"}
    for name, file in files.items():
        with file.download(root=str(tmp_path)) as text:
            assert len(text.read().encode()) == file.size, name
    assert "momentum" in (tmp_path / "config.yaml").read_text()
    assert [file.name for file in run.files(names=["config.yaml"])] == ["config.yaml"]
    assert run.file("config.yaml").size == files["config.yaml"].size
    assert {file.name for file in run.files(pattern="%.json")} == {name for name in files if name.endswith(".json")}
    assert sorted(file.name for file in run.files(per_page=1)) == sorted(files)
    assert run.metadata["program"].endswith("basics.py")


def test_what_is_not_there_is_said(api):
    for path in [f"{ENTITY}/basics/nobody", f"{ENTITY}/nothing/nobody", "nowhere/nothing/nobody"]:
        with pytest.raises(wandb.errors.CommError, match="[Cc]ould not find|not found"):
            api.run(path)
    with pytest.raises((wandb.errors.CommError, ValueError)):
        len(api.runs(f"{ENTITY}/nothing"))


def test_both_ways_to_the_same_run(api, story):
    by_path = api.run(f"/{ENTITY}/basics/{story['ids']['beta']}")
    by_url = api.run(f"basics/{story['ids']['beta']}")
    listed = api.runs(f"{ENTITY}/basics", filters={"display_name": "beta"})[0]
    assert by_path.storage_id == by_url.storage_id == listed.storage_id
