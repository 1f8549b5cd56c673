"""Values of every kind, `define_metric`, and a config that changed."""

import math

import pytest

from support.sdk import ENTITY

pytestmark = pytest.mark.story("metrics")


@pytest.fixture
def run(api, story):
    return api.run(f"{ENTITY}/metrics/{story['id']}")


@pytest.fixture
def rows(run):
    return list(run.scan_history())


def of(rows, key):
    """The rows that have this key."""
    return [row for row in rows if key in row]


def test_config(run):
    assert run.config == {
        "first": 2,
        "nest": {"a": 1, "b": 2},
        "second": [1, "two", None],
        "third": True,
        "none": None,
    }


def test_summaries_by_rule(run):
    summary = run.summary._json_dict
    assert summary["peak"] == {"max": 9}
    assert summary["low"] == {"min": 3}
    assert summary["spread"] == {"min": 3, "max": 9, "mean": 6, "last": 6}
    assert "hushed" not in summary
    assert summary["val/error"] == 6
    assert summary["own"] == "set by hand"
    assert summary["deep"] == {"er": {"still": 1}}


def test_not_a_number(run, rows):
    [row] = of(rows, "nan")
    assert math.isnan(float(row["nan"]))
    assert (float(row["up"]), float(row["down"])) == (math.inf, -math.inf)
    assert math.isnan(float(run.summary["nan"]))
    assert float(run.summary["up"]) == math.inf
    [sampled] = run.history(keys=["up"], pandas=False)
    assert float(sampled["up"]) == math.inf


def test_kinds(rows):
    [row] = of(rows, "text")
    assert (row["text"], row["yes"], row["no"]) == ("näïve ☃", True, False)
    assert (row["big"], row["small"], row["huge"]) == (2**53 + 1, 5e-324, 1.7e308)


def test_names(run, rows):
    names = {"with space": 1, "with.dot": 2, "with/slash": 3, "ключ": 4, 'quo"te': 5}
    [row] = of(rows, "ключ")
    for name, value in names.items():
        assert row[name] == value
        assert [found[name] for found in run.scan_history(keys=[name])] == [value], name
        assert run.summary[name] == value


def test_nested(run, rows):
    nested = [(row["tree.branch.leaf"], row["tree.other"]) for row in of(rows, "tree.other")]
    assert nested == [(number, -number) for number in range(3)]
    leaves = list(run.scan_history(keys=["tree.branch.leaf"]))
    assert [row["tree.branch.leaf"] for row in leaves] == [0, 1, 2]
    assert run.summary._json_dict["tree"] == {"branch": {"leaf": 2}, "other": -2}


def test_containers(rows):
    [row] = of(rows, "list")
    assert row["list"] == [1, 2.5, "three", None]


def test_steps(run, rows):
    steps = [row["_step"] for row in rows]
    assert steps == sorted(set(steps))
    assert of(rows, "jumped")[0]["_step"] == 50  # a step that is given stays open for more
    [both] = of(rows, "part")
    assert (both["jumped"], both["whole"], both["_step"]) == (1, 2, 50)
    assert not of(rows, "ignored")
    assert (of(rows, "last")[0]["_step"], run.lastHistoryStep) == (60, 60)


def test_a_metric_over_another(run):
    rows = list(run.scan_history(keys=["round", "val/error"]))
    assert [(row["round"], row["val/error"]) for row in rows] == [(0, 3), (10, 9), (20, 6)]
    sampled = run.history(keys=["val/error"], x_axis="round", pandas=False)
    assert [(row["round"], row["val/error"]) for row in sampled] == [(0, 3), (10, 9), (20, 6)]
