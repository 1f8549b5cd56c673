"""Facts about the program, without its secrets, in next to no time."""

from __future__ import annotations

import json
import time

import pytest

from pannier import _metadata

KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["t.py", "--lr", "0.1"], ["t.py", "--lr", "0.1"]),
        (["--api-key", "abc", "x"], ["--api-key", "***", "x"]),
        (["--api_key=abc"], ["--api_key=***"]),
        (["--token", "--flag", "x"], ["--token", "--flag", "x"]),
        (["wandb.password=hunter2"], ["wandb.password=***"]),
        (["WANDB_API_KEY=abc"], ["WANDB_API_KEY=***"]),
        (["--tokenizer", "bert", "--max-tokens=5"], ["--tokenizer", "bert", "--max-tokens=5"]),
        (["login", KEY], ["login", "***"]),
        ([f"--x={KEY},y"], ["--x=***,y"]),
        (["https://me:pw@host/x"], ["https://***@host/x"]),
        (["hf_" + "a" * 30], ["***"]),
    ],
)
def test_secrets_are_not_said(argv: list[str], said: list[str]) -> None:
    assert _metadata.redact(argv) == said


def test_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_JWT", "secret")
    monkeypatch.setenv("LOCAL_RANK", "1")
    facts = _metadata.gather(git=False, start_time=1.5)
    json.dumps(facts)
    assert facts["slurm"] == {"SLURM_JOB_ID": "7"}
    assert facts["ranks"]["LOCAL_RANK"] == "1"
    assert facts["program"]["git"] is False
    assert {"cwd", "argv", "executable", "python", "sys_path", "pid"} <= set(facts["program"])


def test_a_removed_directory_is_no_trouble(tmp_path, monkeypatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert _metadata.gather(git=True, start_time=0.0)["program"]["cwd"] == "."


def test_within_a_millisecond() -> None:
    def once() -> float:
        began = time.perf_counter()
        _metadata.gather(git=True, start_time=0.0)
        return time.perf_counter() - began

    assert min(once() for _ in range(20)) < 0.001
