"""`run.summary`: three layers, nesting, and what is published."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from pannier._summary import Summary


class World:
    """A session's side of a summary."""

    def __init__(self, **earlier: Any) -> None:
        self.logged: dict[str, Any] = {}
        self.sent: list[tuple[dict[str, Any], list[str]]] = []
        self.summary = Summary(
            earlier,
            lambda: json.dumps(self.logged),
            lambda new, remove: self.sent.append((json.loads(json.dumps(new)), remove)),
        )


def test_layers() -> None:
    world = World(loss=9, old=1)
    world.logged = {"loss": 0.5, "n": "NaN"}
    summary = world.summary
    assert summary["loss"] == 0.5
    assert summary.old == 1
    assert math.isnan(summary["n"])
    summary["loss"] = 0.1
    assert summary["loss"] == 0.1
    assert world.sent == [({"loss": 0.1}, [])]
    world.logged["loss"] = 0.4
    assert summary["loss"] == 0.4


def test_removal() -> None:
    world = World(old=1)
    world.logged = {"loss": 1}
    del world.summary["loss"]
    del world.summary.old
    assert dict(world.summary.items()) == {}
    assert world.sent == [({}, ["loss"]), ({}, ["old"])]
    world.logged["loss"] = 2
    assert world.summary["loss"] == 2
    with pytest.raises(KeyError):
        del world.summary["never"]


def test_nesting() -> None:
    world = World()
    world.logged = {"acc": {"max": 0.9}, "val.loss": 1, "val.acc": 2}
    summary = world.summary
    assert summary["acc"]["max"] == summary["acc.max"] == summary.acc.max == 0.9
    assert summary["val"]["loss"] == 1
    assert "val" in summary
    summary["best"] = {"a": {"b": 1}}
    summary["best"]["a"]["c"] = 2
    assert summary["best"]["a"] == {"b": 1, "c": 2}
    assert world.sent[-1] == ({"best": {"a": {"b": 1, "c": 2}}}, [])
    assert sorted(summary.keys()) == ["acc", "best", "val.acc", "val.loss"]


def test_what_is_not_there() -> None:
    summary = World().summary
    with pytest.raises(KeyError):
        _ = summary["x"]
    with pytest.raises(AttributeError, match="no key 'x'"):
        _ = summary.x
    assert summary.get("x", 3) == 3
    assert len(summary) == 0
