"""Artifacts: what was logged is what is read, at the daemon and, synced, at a hub."""

import hashlib
import pathlib

import pytest
import wandb

from support.sdk import ENTITY

pytestmark = pytest.mark.story("artifacts")


@pytest.fixture
def named(api, story):
    return lambda name: api.artifact(f"{ENTITY}/artifacts/{name}")


def test_same_content_is_no_new_version(named, story):
    assert story["versions"] == ["v0", "v1", "v0"]
    assert sorted(named("words:v0").aliases) == ["latest"], "logged again, the latest is the old one"
    assert sorted(named("words:v1").aliases) == ["best", "checked"]


def test_digest_is_the_sdks_own(named, story):
    """The rule of W&B: MD5 over the sorted entries and their digests."""
    words = named("words:v0")
    lines = ["wandb-artifact-manifest-v1\n"]
    lines += [f"{path}:{entry.digest}\n" for path, entry in sorted(words.manifest.entries.items())]
    assert words.digest == story["digest"] == hashlib.md5("".join(lines).encode()).hexdigest()


def test_names(named, story):
    first = named("words:v0")
    assert first.id == story["first"]
    assert first.qualified_name == f"{ENTITY}/artifacts/words:v0"
    assert named(f"words:{first.digest}").id == first.id
    assert (first.type, first.size, first.file_count, first.state) == ("dataset", 6, 2, "COMMITTED")


def test_metadata(named):
    first, second = named("words:v0"), named("words:v1")
    assert (first.description, first.metadata, first.tags) == ("d", {"n": {"m": 1}}, ["raw"])
    assert (second.description, second.metadata, second.tags) == ("said later", {"acc": 0.5}, ["clean"])


def test_bytes(named, tmp_path):
    words = named("words:v0")
    folder = words.download(root=str(tmp_path / "all"))
    words.verify(folder)
    assert sorted(str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*.txt")) == ["a.txt", "deep/b.txt"]
    part = words.download(root=str(tmp_path / "part"), path_prefix="deep")
    assert [path.name for path in pathlib.Path(part).rglob("*.txt")] == ["b.txt"]
    entry = words.get_entry("deep/b.txt")
    assert pathlib.Path(entry.download(root=str(tmp_path / "entry"))).read_text() == "two"
    assert sorted(file.name for file in words.files()) == ["a.txt", "deep/b.txt"]
    (tmp_path / "all" / "a.txt").write_text("not one")
    with pytest.raises(ValueError, match="(?i)digest mismatch"):
        words.verify(folder)


def test_content_is_what_it_was_at_the_call(named, tmp_path):
    folder = named("changing:latest").download(root=str(tmp_path), skip_cache=True)
    assert (pathlib.Path(folder) / "changing.txt").read_text() == "as it was"


def test_steps(named, story):
    assert (story["steps"], story["steps_version"]) == (["one", "two"], "v1")
    assert sorted(named("steps:v2").manifest.entries) == ["three", "two"]


def test_several_writers(named, story):
    assert (story["shards"], story["shards_version"]) == (["0.txt", "1.txt", "2.txt"], "v0")


def test_references(named):
    far, near = (named("references:v0").get_entry(name) for name in ("far", "near.txt"))
    assert far.ref_target() == "https://example.org/key"
    assert near.ref.endswith("/near.txt")


def test_model(named, story):
    net = named("net:prod")
    assert (net.type, net.version) == ("model", "v0")
    assert story["model"] == hashlib.md5(bytes(range(256)) * 8000).hexdigest()


def test_who_made_and_used_what(named, story, api):
    words = named("words:v0")
    assert words.logged_by().id == story["maker"]
    assert [run.id for run in words.used_by()] == [story["reader"]]
    reader = api.run(f"{ENTITY}/artifacts/{story['reader']}")
    assert sorted(used.name for used in reader.used_artifacts()) == ["net:v0", "words:v0"]
    assert named("saved:latest").logged_by().job_type == "auto"


def test_refusals(story):
    assert "of type 'dataset'" in story["type_conflict"] or "dataset" in story["type_conflict"]
    assert story["wrong_type"] and story["nothing"]
    assert "aliases" in story["tagged"]


def test_numbers_are_not_given_again(named, api):
    collection = api.artifact_collection("dataset", f"{ENTITY}/artifacts/going")
    assert sorted(version.version for version in collection.artifacts()) == ["v1", "v3"]
    assert named("going:latest").version == "v3"
    assert not api.artifact_exists(f"{ENTITY}/artifacts/going:v2")


def test_collections(api):
    words = api.artifact_collection("dataset", f"{ENTITY}/artifacts/words")
    assert (words.description, words.tags, words.is_sequence()) == ("all the words", ["text"], True)
    names = [found.name for found in api.artifact_collections(f"{ENTITY}/artifacts", "dataset")]
    assert {"words", "steps", "going", "references"} <= set(names)
    assert {kind.name for kind in api.artifact_types(f"{ENTITY}/artifacts")} >= {"dataset", "model"}
    found = api.artifacts("dataset", f"{ENTITY}/artifacts/words", tags=["clean"])
    assert [version.version for version in found] == ["v1"]
