"""`resume="auto"`: the file that remembers an unfinished run."""

from __future__ import annotations

import os
import pathlib

import pytest

from pannier._resume import ResumeFile


def test_remembers_until_the_run_finishes(tmp_path: pathlib.Path) -> None:
    file = ResumeFile(str(tmp_path), None, "a b/ü")
    assert file.load() is None
    file.save("r1")
    assert pathlib.Path(file.path).parent == tmp_path / ".pannier"
    assert ResumeFile(str(tmp_path), None, "a b/ü").load() == "r1"
    file.forget("another")
    assert file.load() == "r1"
    file.forget("r1")
    assert file.load() is None
    assert os.listdir(tmp_path / ".pannier") == []


def test_projects_and_entities_do_not_mix(tmp_path: pathlib.Path) -> None:
    ResumeFile(str(tmp_path), None, "a/b").save("r1")
    assert ResumeFile(str(tmp_path), None, "a_b").load() is None
    assert ResumeFile(str(tmp_path), "team", "a/b").load() is None


def test_a_damaged_file_means_a_new_run(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ResumeFile(str(tmp_path), None, "p")
    file.save("r1")
    pathlib.Path(file.path).write_text("{")
    assert file.load() is None
    assert "so a new run begins" in capsys.readouterr().err


def test_an_unwritable_directory_is_a_warning(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".pannier").write_text("a file in the way")
    ResumeFile(str(tmp_path), None, "p").save("r1")
    assert "resume='auto' will not find this run" in capsys.readouterr().err
