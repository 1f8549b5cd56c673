"""The registry: links and their own numbers, names that move, searches."""

import pathlib

import pytest
import wandb

from support.sdk import ENTITY

pytestmark = pytest.mark.story("registry")
NETS = "wandb-registry-Model/Nets"


def versions(api, registry=None, collection=None, **filters):
    # Other stories have registries of their own.
    registry = registry or {"name": {"$in": ["Model", "Checked"]}}
    found = api.registries(filter=registry).collections(filter=collection).versions(filter=filters.get("version"))
    return sorted((found.collection.name, found.version) for found in found)


def test_links_have_numbers_of_their_own(story):
    assert story["linked0"] == ["v0", True, "v0"]
    assert story["linked2"] == ["v2", True, "v2"]
    assert story["again"] == "v2"


def test_a_registry_is_made_by_name_or_by_a_link(api, story):
    assert story["made"] == ["Checked", "what was checked", ["model"], False]
    assert story["registry"] == ["Model", "wandb-registry-Model", "pannier"]
    assert {"Model", "Checked"} <= {registry.name for registry in api.registries()}
    assert api.registry("Checked").description == "what was checked"


def test_types_are_kept_to(story):
    assert "type" in story["other_type"]


def test_names_move(api):
    assert sorted(api.artifact(f"{NETS}:v2").aliases) == ["latest", "staging"]
    assert sorted(api.artifact(f"{NETS}:v0").aliases) == ["archived"]
    assert api.artifact(f"{NETS}:staging").source_name == "net:v2"
    assert sorted(api.artifact(f"{ENTITY}/to-registry/net:v2").aliases) == ["latest"]


def test_unlinked_is_gone_there_and_only_there(api):
    assert not api.artifact_exists(f"{NETS}:v1")
    assert api.artifact_exists(f"{ENTITY}/to-registry/net:v1")
    linked = api.artifact(f"{ENTITY}/to-registry/net:v1").linked_artifacts
    assert [link.qualified_name for link in linked] == ["pannier/wandb-registry-Checked/Net:v0"]


def test_download(api, tmp_path):
    found = api.artifact(f"{NETS}:staging")
    folder = found.download(root=str(tmp_path), skip_cache=True)
    assert (pathlib.Path(folder) / "w.txt").read_text() == "2"
    assert (found.source_project, found.source_entity) == ("to-registry", ENTITY)


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ({"alias": "latest"}, [("Net", "v0"), ("Nets", "v2")]),
        ({"alias": {"$ne": "latest"}}, [("Nets", "v0")]),
        ({"$or": [{"tag": "old"}, {"alias": "production"}]}, [("Net", "v0"), ("Nets", "v0")]),
        ({"metadata.acc": {"$gte": 0.15}}, [("Nets", "v2")]),
        ({"version": "v0"}, [("Net", "v0"), ("Nets", "v0")]),
        ({"$nor": [{"alias": "staging"}, {"tag": "old"}]}, [("Net", "v0")]),
        ({"$and": [{"tag": {"$size": 1}}, {"$not": {"alias": "latest"}}]}, [("Nets", "v0")]),
        ({"tag": {"$all": ["old"]}, "metadata.acc": {"$lt": 1, "$nin": [5]}}, [("Nets", "v0")]),
        ({"alias": {"$in": ["archived", "nobody"]}}, [("Nets", "v0")]),
        ({"created_at": {"$gt": "2020-01-01T00:00:00"}, "alias": {"$regex": "^stag"}}, [("Nets", "v2")]),
        ({"alias": "nobody"}, []),
    ],
    ids=str,
)
def test_search(api, version, found):
    assert versions(api, version=version) == found


def test_search_goes_down(api):
    assert versions(api, registry={"name": {"$regex": "model"}}) == [("Nets", "v0"), ("Nets", "v2")]
    assert versions(api, registry={"name": "Checked"}) == [("Net", "v0")]
    assert versions(api, collection={"tag": "vision"}) == [("Nets", "v0"), ("Nets", "v2")]
    assert versions(api, registry={"name": "nobody"}) == []
    names = [found.name for found in api.registries(order="-name") if found.name in ("Model", "Checked")]
    assert names == ["Model", "Checked"]
    collection = next(iter(api.registries(filter={"name": "Model"}).collections()))
    assert (collection.name, collection.description, collection.tags) == ("Nets", "all nets", ["vision"])
    assert not collection.is_sequence()
    paged = api.registries(filter={"name": {"$in": ["Model", "Checked"]}}, per_page=1)
    assert len(list(paged.collections(filter={"name": {"$ne": "Apart"}}, per_page=1).versions(per_page=1))) == 3
