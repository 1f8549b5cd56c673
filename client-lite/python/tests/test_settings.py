"""Where settings come from, which one wins, and what is refused."""

from __future__ import annotations

import copy

import pytest

from pannier import Settings
from pannier._settings import resolve
from pannier.errors import UsageError


def test_arguments_over_settings_over_environment() -> None:
    env = {
        "WANDB_PROJECT": "env",
        "WANDB_ENTITY": "team",
        "WANDB_NAME": "n",
        "WANDB_TAGS": "a, b,",
        "WANDB_DIR": "/x",
    }
    found = resolve({"project": "arg", "run_name": None}, Settings(project="mid", run_id=7), env)
    assert (found.project, found.entity, found.run_id) == ("arg", "team", "7")
    assert (found.run_name, found.run_tags, found.root_dir) == ("n", ("a", "b"), "/x")


def test_pannier_variables_win_over_wandb_ones() -> None:
    assert resolve({}, None, {"WANDB_ENTITY": "w", "PANNIER_ENTITY": "p"}).entity == "p"
    assert resolve({}, None, {"PANNIER_REMOTE": "hub"}).remote == "hub"
    assert resolve({}, None, {"WANDB_PROJECT": ""}).project is None


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("mode", "dryrun", "offline"),
        ("mode", "run", "online"),
        ("mode", "Disabled", "disabled"),
        ("resume", True, "auto"),
        ("resume", False, None),
        ("resume", "must", "must"),
        ("reinit", True, "finish_previous"),
        ("reinit", False, "return_previous"),
        ("silent", "true", True),
        ("silent", "0", False),
        ("run_tags", ["b", "a", "b", ""], ("b", "a")),
        ("finish_timeout", 0, 2.0),
        ("finish_timeout", "5", 5.0),
        ("console", "redirect", "redirect"),
    ],
)
def test_values(field: str, value: object, expected: object) -> None:
    assert getattr(Settings(**{field: value}), field) == expected


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("mode", "sometimes", "mode must be one of online, offline, disabled"),
        ("resume", "perhaps", "resume must be one of allow, must, never, auto"),
        ("reinit", 3, "reinit must be one of"),
        ("console", "on", "console must be one of"),
        ("silent", "maybe", "silent must be true or false"),
        ("run_tags", [1], "run_tags must be a list of strings"),
        ("run_tags", 5, "run_tags must be a list of strings"),
        ("project", ["a"], "project must be a string, not list"),
        ("finish_timeout", "soon", "finish_timeout must be a number of seconds"),
        ("finish_timeout", float("nan"), "finish_timeout must be a number of seconds"),
    ],
)
def test_what_cannot_be_meant_is_refused(field: str, value: object, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        Settings(**{field: value})


def test_a_bad_variable_is_named() -> None:
    with pytest.raises(UsageError, match="in the environment variable WANDB_MODE: mode must"):
        resolve({}, None, {"WANDB_MODE": "x"})


def test_disabled_by_environment() -> None:
    assert resolve({}, None, {"WANDB_DISABLED": "true"}).mode == "disabled"
    assert resolve({}, None, {"WANDB_DISABLED": "false"}).mode == "online"
    assert resolve({"mode": "online"}, None, {"WANDB_DISABLED": "true"}).mode == "online"


def test_the_rest_of_wandbs_settings_is_kept_and_ignored() -> None:
    settings = Settings(x_stats_sampling_interval=1, base_url="http://x", init_timeout=3)
    assert settings.base_url == "http://x"
    assert settings.x_file_stream_retry_max is None
    assert copy.deepcopy(settings).base_url == "http://x"
    assert resolve({}, {"start_method": "thread"}, {}).start_method == "thread"
    with pytest.raises(UsageError, match="not int"):
        resolve({}, 3, {})
