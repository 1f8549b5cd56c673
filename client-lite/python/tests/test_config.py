"""`run.config`: what goes in, what may change, what is published."""

from __future__ import annotations

import argparse
import copy
import json
import pathlib
import sys
import types
from typing import Any

import pytest

from pannier._config import Config, from_user
from pannier.errors import ConfigError, UsageError


class Log(list):
    """What was published."""

    def __call__(self, new: dict[str, Any]) -> None:
        self.append(copy.deepcopy(new))


@pytest.fixture
def log() -> Log:
    return Log()


def test_items_and_attributes(log: Log) -> None:
    config = Config({"lr": 0.1}, log)
    config.epochs = 3
    config["opt"] = {"name": "adam"}
    assert (config.lr, config["epochs"], config.opt["name"]) == (0.1, 3, "adam")
    assert dict(config) == {"lr": 0.1, "epochs": 3, "opt": {"name": "adam"}}
    assert {**config} == config.as_dict()
    assert "lr" in config
    assert config.get("none", 5) == 5
    assert log == [{"epochs": 3}, {"opt": {"name": "adam"}}]
    with pytest.raises(AttributeError, match="no key 'nope'"):
        _ = config.nope


def test_a_value_changes_only_where_that_is_asked_for(log: Log) -> None:
    config = Config({"lr": 0.1, "opt": {"name": "adam", "beta": 0.9}}, log)
    config.lr = 0.1
    with pytest.raises(ConfigError, match=r"'lr' is 0\.1 and would become 0\.2"):
        config.lr = 0.2
    with pytest.raises(ConfigError, match=r"'opt\.beta'"):
        config.update({"opt": {"beta": 0.8}})
    config.update({"lr": 0.2, "opt": {"beta": 0.8}}, allow_val_change=True)
    assert config.as_dict() == {"lr": 0.2, "opt": {"name": "adam", "beta": 0.8}}
    free = Config({"lr": 1}, log, free=True)
    free.lr = 2
    assert free.lr == 2


def test_nested_dicts_are_merged(log: Log) -> None:
    config = Config({"opt": {"name": "adam"}}, log)
    config.update({"opt": {"lr": 1}})
    assert config.opt == {"name": "adam", "lr": 1}
    assert log == [{"opt": {"lr": 1}}]


def test_setdefaults(log: Log) -> None:
    config = Config({"lr": 1}, log)
    config.setdefaults({"lr": 2, "bs": 8})
    assert config.as_dict() == {"lr": 1, "bs": 8}
    assert log == [{"bs": 8}]


def test_copies_are_dicts(log: Log) -> None:
    config = Config({"a": {"b": 1}}, log)
    deep = copy.deepcopy(config)
    deep["a"]["b"] = 2
    assert config.a == {"b": 1}
    assert copy.copy(config) == {"a": {"b": 1}}


def test_what_people_pass(tmp_path: pathlib.Path, log: Log) -> None:
    class Plain:
        def __init__(self) -> None:
            self.lr = 1

    class Slots(tuple):
        _fields = ("lr",)
        lr = 1

    assert from_user(None) == {}
    assert from_user(argparse.Namespace(lr=1, path=pathlib.Path("/x"))) == {"lr": 1, "path": "/x"}
    assert from_user(Plain()) == {"lr": 1}
    assert from_user(Config({"lr": 1}, log)) == {"lr": 1}
    assert from_user({"--lr": 1, 2: {3, 4}}) == {"lr": 1, "2": [3, 4]}
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"lr": {"value": 1, "desc": None}, "wandb_version": 1}))
    assert from_user(file) == {"lr": 1}
    assert from_user({"a": 1, "b": 2}, include=["a"]) == {"a": 1}
    assert from_user({"a": 1, "b": 2}, exclude=["a"]) == {"b": 2}


def test_absl_flags() -> None:
    class Flag:
        def __init__(self, value: object) -> None:
            self.value = value

    class FlagValues:
        def __dir__(self) -> list[str]:
            return ["lr"]

        def __getitem__(self, name: str) -> Flag:
            return Flag(1)

    FlagValues.__module__ = "absl.flags._flagvalues"
    assert from_user(FlagValues()) == {"lr": 1}
    module = types.ModuleType("absl.flags")
    module.FLAGS = FlagValues()
    assert from_user(module) == {"lr": 1}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (3, "must be a dict"),
        ("nowhere.json", "cannot read the config file nowhere.json: No such file"),
        ("list.json", "must hold keys and values"),
        ("damaged.json", "is damaged"),
    ],
)
def test_bad_configs_are_refused_with_a_reason(
    bad: object, reason: str, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "damaged.json").write_text("{")
    with pytest.raises(UsageError, match=reason):
        from_user(bad)


def test_yaml_needs_pyyaml(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.yaml").write_text("lr: 1")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(UsageError, match="needs PyYAML: pip install pyyaml"):
        from_user("c.yaml")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("yaml")
    assert from_user("c.yaml") == {"lr": 1}
