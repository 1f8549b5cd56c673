"""Names of artifacts, collections, aliases and paths, and filters of registries."""

from __future__ import annotations

import math

import pytest

from pannier._api import filters
from pannier._api.add_only import AddOnlyArtifactTypesList
from pannier._artifacts import names
from pannier._artifacts.artifact import Artifact
from pannier._artifacts.names import Path


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("c", (None, None, "c")),
        ("c:v0", (None, None, "c:v0")),
        ("p/c:a/b:c", (None, "p", "c:a/b:c")),
        ("e/p/c:latest", ("e", "p", "c:latest")),
        ("wandb-registry-R/C", (None, "wandb-registry-R", "C")),
    ],
)
def test_names_are_read(text: str, read: tuple[str | None, str | None, str]) -> None:
    path = Path.read(text)
    assert path == read
    assert str(path) == text
    assert path.collection == read[2].partition(":")[0]


@pytest.mark.parametrize("text", ["", ":v0", "a/b/c/d", "a/", "e/p/:v1"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid artifact path"):
        Path.read(text)


def test_what_an_artifact_may_be_called() -> None:
    for name in ("a", "A-b_c.9", "x" * 128):
        assert Artifact(name, "t").name == name
    for name in ("", "a b", "a/b", "a:v0", "ü", "a\n"):
        with pytest.raises(ValueError, match="may only contain"):
            Artifact(name, "t")
    with pytest.raises(ValueError, match="longer than 128"):
        Artifact("x" * 129, "t")
    for kind, name in (
        ("wandb-x", "n"),
        ("job", "n"),
        ("run_table", "run-1"),
        ("code", "source-1"),
    ):
        with pytest.raises(ValueError, match="reserved for internal use"):
            Artifact(name, kind)
    Artifact("other", "code")


def test_aliases_tags_types_and_projects() -> None:
    assert names.check_aliases("best") == ["best"]
    for alias in ("a/b", "a:b"):
        with pytest.raises(ValueError, match="Aliases must not contain"):
            names.check_aliases([alias])
    assert names.check_tags(["a b", "a b", "c-1"]) == ["a b", "c-1"]
    for tag in ("", " a", "a!", "a\n"):
        with pytest.raises(ValueError, match="Invalid tag"):
            names.check_tags([tag])
    with pytest.raises(ValueError, match="Artifact types must not contain"):
        names.check_types(["a/b"])
    assert names.check_project("wandb-registry-R") == "wandb-registry-R"
    for project in ("", "wandb-registry-", "a%b", "wandb-registry-" + "x" * 114):
        with pytest.raises(ValueError, match="name"):
            names.check_project(project)


def test_metadata_is_plain_json() -> None:
    assert Artifact("a", "t", metadata={"x": math.nan, "y": (1, {"z": 2.5})}).metadata == {
        "x": None,
        "y": [1, {"z": 2.5}],
    }
    assert names.check_metadata('{"a": 1}') == {"a": 1}
    with pytest.raises(ValueError, match="Out of range"):
        Artifact("a", "t", metadata={"x": math.inf})
    with pytest.raises(ValueError, match="more than 100"):
        Artifact("a", "t", metadata={str(i): i for i in range(101)})
    with pytest.raises(TypeError, match="Cannot parse"):
        Artifact("a", "t", metadata=[1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        *("", ".", "..", "/", "/a", "../a", "a/../b", "a/..", "C:/a", "C:a", "a\\b", "a\0b"),
        *("a\nb", "x" * 256, "a/" * 2100 + "a", "\udcff", "\x7f", "\x85"),
    ],
)
def test_paths_that_lead_elsewhere(path: str) -> None:
    with pytest.raises(ValueError, match="Invalid artifact path"):
        names.check_path(path)


def test_paths_that_lead_further_in() -> None:
    for path in ("a", "a/b.txt", "..a", "a..", ".hidden/x", "ab:c", "100%2e%2e", "ß 3"):
        assert names.check_path(path) == path
    assert names.check_path("./a//b/") == "a/b"


def test_names_of_registries_are_completed_and_patterns_are_not() -> None:
    assert filters.of_registries(
        {"$or": [{"name": "model"}, {"name": {"$regex": "mod"}}, {"name": {"$in": ["a", "b"]}}]}
    ) == {
        "$or": [
            {"name": "wandb-registry-model"},
            {"name": {"$regex": "mod"}},
            {"name": {"$in": ["wandb-registry-a", "wandb-registry-b"]}},
        ]
    }
    assert filters.of_registries({"name": "wandb-registry-a"}) == {"name": "wandb-registry-a"}
    assert filters.of_collections({"id": 1}) == {"artifact_collection_id": 1}
    assert filters.of_versions({"metadata.acc": {"$gt": 0.5}}) == {"metadata.acc": {"$gt": 0.5}}
    for bad in ({"alias": "x"}, {"$and": [{"nope": 1}]}):
        with pytest.raises(ValueError, match="Invalid filter fields"):
            filters.of_registries(bad)
    with pytest.raises(ValueError, match="Duplicate fields"):
        filters.of_collections({"id": 1, "collection_id": 2})


def test_orders() -> None:
    assert filters.order("name", filters.ORDERS) == "+name"
    assert filters.order("-linked_at", filters.VERSION_ORDERS) == "-acm_created_at"
    with pytest.raises(ValueError, match="Invalid order"):
        filters.order("size", filters.ORDERS)


def test_saved_types_stay() -> None:
    types = AddOnlyArtifactTypesList(["a", "b"])
    types.append("c")
    types.append("a")
    types.insert(2, "d")
    assert (list(types), types.draft) == (["a", "b", "d", "c"], ("d", "c"))
    types.remove("d")
    del types[-1]
    assert types == ["a", "b"]
    for change in (lambda: types.remove("a"), lambda: types.insert(0, "x"), lambda: types.pop(0)):
        with pytest.raises(ValueError, match="saved"):
            change()
