"""Forks and rewinds: the new branch, and the one that was left."""

import json

import pytest

from support.sdk import ENTITY

pytestmark = pytest.mark.story("branches", "fork", "rewind")


def values(run):
    """Step and value of every row."""
    return [(row["_step"], row["n"]) for row in run.scan_history(keys=["n"])]


def test_a_fork_goes_on_from_its_trunk(api, story):
    assert story["fork_start"] == 5
    fork = api.run(f"{ENTITY}/branches/{story['fork']}")
    assert values(fork) == [(step, step) for step in range(5)] + [(step, step * 100) for step in (5, 6, 7)]
    assert fork.summary["n"] == 700
    assert fork.lastHistoryStep == 7


def test_the_trunk_is_as_it_was(api, story):
    trunk = api.run(f"{ENTITY}/branches/{story['trunk']}")
    assert values(trunk) == [(step, step) for step in range(10)]
    assert trunk.config == {"of": "trunk"}


def test_a_rewound_run_shows_its_new_branch(api, story):
    assert (story["rewound_id"], story["rewound_start"]) == (story["rewound"], 7)
    run = api.run(f"{ENTITY}/branches/{story['rewound']}")
    assert values(run) == [(step, step) for step in range(7)] + [(7, 7000), (8, 8000)]
    assert run.lastHistoryStep == 8
    assert run.summary["n"] == 8000


def test_the_branch_that_was_left_is_readable(api, place, story, home, hub):
    there = home if place == "daemon" else hub
    path = f"{ENTITY}/branches/{story['rewound']}"
    assert there.json("runs", "branches", path) == {"branches": [{"branch": 1, "left_at_step": 7}]}
    lines = there.pannier("runs", "history", path, "--branch", "1", "--keys", "n", "--json").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["n"] for row in rows] == list(range(10))
