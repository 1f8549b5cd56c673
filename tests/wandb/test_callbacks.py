"""Other people's callbacks, unchanged, on toy data."""

import importlib.util

import pytest
import wandb

from support.sdk import ENTITY


@pytest.mark.story("with_xgboost")
def test_xgboost(api, story):
    run = api.run(f"{ENTITY}/callbacks/{story['id']}")
    rows = list(run.scan_history(keys=["valid-rmse", "train-rmse", "epoch"]))
    assert [row["epoch"] for row in rows] == list(range(8))
    assert [row["valid-rmse"] for row in rows] == pytest.approx(story["valid"])
    assert [row["train-rmse"] for row in rows] == pytest.approx(story["train"])
    assert "learner" in run.config
    assert run.summary["valid-rmse"]["min"] == pytest.approx(min(story["valid"]))


@pytest.mark.story("with_lightgbm")
def test_lightgbm(api, story):
    run = api.run(f"{ENTITY}/callbacks/{story['id']}")
    rows = list(run.scan_history(keys=["valid_binary_logloss", "iteration"]))
    assert [row["iteration"] for row in rows] == list(range(8))
    assert [row["valid_binary_logloss"] for row in rows] == pytest.approx(story["valid"])
    assert run.config["num_leaves"] == 5
    assert "Feature Importance_table" in run.summary or "feature_importance_table" in run.summary


@pytest.mark.story("with_optuna")
def test_optuna(api, story):
    run = api.run(f"{ENTITY}/callbacks/{story['id']}")
    rows = list(run.scan_history(keys=["bowl", "x"]))
    assert [row["bowl"] for row in rows] == pytest.approx(story["values"])
    assert [row["x"] for row in rows] == pytest.approx(story["xs"])
    trials = list(api.runs(f"{ENTITY}/callbacks-trials", filters={"group": "trials"}))
    assert [run.summary["bowl"] for run in trials] == pytest.approx(story["trials"])
    assert [run.summary["own"] for run in trials] == pytest.approx([value * 2 for value in story["trials"]])


@pytest.mark.parametrize("framework", ["transformers", "accelerate", "lightning"])
def test_frameworks_of_torch(framework, at_daemon, tell):
    """The examples of docs/wandb-frameworks.md, where somebody has installed what they need."""
    missing = [name for name in ("torch", framework) if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"left out: {' and '.join(missing)} not installed here (large; see docs/wandb-frameworks.md)")
    story = tell(f"with_{framework}")
    run = wandb.Api().run(f"{ENTITY}/frameworks/{story['id']}")
    assert run.state == "finished"
    for key in story["keys"]:
        assert len(list(run.scan_history(keys=[key]))) >= 4, key
