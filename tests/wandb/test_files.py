"""Saved files: what each policy keeps, and that the bytes are those that were saved."""

import pytest
import wandb

from support.sdk import ENTITY

pytestmark = pytest.mark.story("files")


@pytest.fixture
def run(api, story):
    return api.run(f"{ENTITY}/files/{story['id']}")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("live.txt", b"first\nsecond\n"),
        ("end.txt", b"at the end\n"),
        ("now.txt", b"as it was\n"),
        ("deep/ü name.txt", b"a name that needs quoting\n"),
        ("empty.txt", b""),
        ("large.bin", bytes(index * 7 % 256 for index in range(3_000_000))),
    ],
)
def test_content(run, tmp_path, name, content):
    file = run.file(name)
    assert file.size == len(content)
    file.download(root=str(tmp_path)).close()
    assert (tmp_path / name).read_bytes() == content


def test_restored_by_another_run(story):
    assert story["restored"] == "as it was\n"


def test_restored_here(place, api, story, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with wandb.restore("live.txt", run_path=f"{ENTITY}/files/{story['id']}") as file:
        assert file.read() == "first\nsecond\n"


def test_patterns(run):
    assert sorted(file.name for file in run.files(pattern="deep/%")) == ["deep/ü name.txt"]
    assert {"live.txt", "end.txt", "now.txt"} <= {file.name for file in run.files(pattern="%.txt")}
