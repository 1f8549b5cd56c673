"""Runs that were changed, added to, and removed from outside."""

import hashlib

import pytest
import wandb

from support.sdk import ENTITY

pytestmark = pytest.mark.story("edits")


@pytest.fixture
def edited(api, story):
    return api.run(f"{ENTITY}/edits/{story['edited']}")


def test_changed_fields(edited):
    assert edited.config == {"kept": 1, "changed": 2, "added": {"deep": [1, 2]}}
    assert (edited.name, edited.notes, edited.group) == ("after", "written later", "moved")
    assert sorted(edited.tags) == ["new", "old"]
    assert edited.state == "finished"


def test_changed_summary(edited):
    assert edited.summary["late"] == 12.5
    assert edited.summary["n"] == 1


def test_uploaded_file(edited, story, tmp_path):
    content = bytes(range(256)) * 100
    assert (story["uploaded"], story["uploaded_size"]) == ("more/extra.bin", len(content))
    file = edited.file("more/extra.bin")
    assert file.size == len(content)
    file.download(root=str(tmp_path)).close()
    assert hashlib.md5((tmp_path / "more/extra.bin").read_bytes()).digest() == hashlib.md5(content).digest()


def test_a_deleted_file_is_gone(edited):
    assert "passing.txt" not in [file.name for file in edited.files()]


def test_a_deleted_run_is_gone(api, story):
    with pytest.raises(wandb.errors.CommError, match="[Cc]ould not find|not found"):
        api.run(f"{ENTITY}/edits/{story['doomed']}")
    assert [run.id for run in api.runs(f"{ENTITY}/edits")] == [story["edited"]]
