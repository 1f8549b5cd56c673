"""The registry: links, collections, searches and administration, with a real daemon."""

from __future__ import annotations

from conftest import Home
from test_artifacts import story


def test_a_link_is_a_version_in_another_collection(home: Home) -> None:
    story(
        home,
        """
        with init(id="r") as run:
            for text in ("one", "two", "three"):
                source = version(run, "m", text)
            linked = run.link_artifact(source, "wandb-registry-Model/Demo", aliases=["prod"])
            assert linked.is_link and linked.version == "v0" and linked.name == "Demo:v0"
            assert linked.project == "wandb-registry-Model" and linked.collection.name == "Demo"
            assert not linked.collection.is_sequence()
            assert linked.source_name == "m:v2" and linked.source_project == "p"
            assert linked.source_qualified_name == "local/p/m:v2"
            assert linked.source_artifact.id == linked.id and linked.linked_at[:2] == "20"
            assert sorted(linked.aliases) == ["latest", "prod"], linked.aliases
            again = source.link("wandb-registry-Model/Demo")
            assert again.version == "v0"
            other = wandb.Api().artifact("p/m:v0").link("wandb-registry-Model/Demo")
            assert other.version == "v1"
            draft = wandb.Artifact("n", "model")
            with draft.new_file("f") as file:
                file.write("f")
            assert run.link_artifact(draft, "other/Coll").qualified_name == "local/other/Coll:v0"
            used = run.use_artifact("wandb-registry-model/Demo:prod")
            assert used.id == source.id and used.is_link
            assert pathlib.Path(used.download(), "f.txt").read_text() == "three"
        api = wandb.Api()
        organization = api.organization().name
        full = f"{organization}/wandb-registry-Model/Demo:prod"
        assert api.artifact(full).id == source.id
        assert raised(api.artifact, "nope/wandb-registry-Model/Demo:prod")[0] == "NotFoundError"
        found = api.artifact("p/m:v2").linked_artifacts
        assert [a.qualified_name for a in found] == [linked.qualified_name], found
        assert found[0].is_link and found[0].linked_artifacts == []
        assert raised(api.artifact("p/m:v2").unlink)[0] == "ValueError"
        api.artifact(full).unlink()
        assert not api.artifact_exists(full) and api.artifact_exists("p/m:v2")
        api.artifact("wandb-registry-Model/Demo:v1").delete()
        assert api.artifact_exists("p/m:v0")
        """,
    )


def test_what_is_searched_is_found(home: Home) -> None:
    story(
        home,
        """
        with init() as run:
            for i in range(4):
                artifact = version(run, "m", str(i), metadata={"acc": i / 10})
                name = "Demo" if i < 3 else "Other"
                run.link_artifact(artifact, f"wandb-registry-Model/{name}")
            run.link_artifact(version(run, "d", "d", type="dataset"), "wandb-registry-Data/D")
        api = wandb.Api()
        tagged = api.artifact("p/m:v0")
        tagged.tags = ["text-classification"]
        tagged.save()
        models = api.registries(filter={"name": {"$regex": "model"}})
        assert [r.name for r in models] == ["Model"]
        assert sorted(c.name for c in models.collections()) == ["Demo", "Other"]
        assert len(models.collections()) == 2
        wanted = {"$or": [{"tag": "text-classification"}, {"alias": "latest"}]}
        found = {(v.collection.name, v.version) for v in models.collections().versions(wanted)}
        assert found == {("Demo", "v0"), ("Demo", "v2"), ("Other", "v0")}, found
        assert [r.name for r in api.registries(filter={"name": "Data"})] == ["Data"]
        assert not list(api.registries(filter={"name": "nope"}))
        assert not list(api.registries().versions({"alias": "nope"}))
        best = models.versions({"metadata.acc": {"$gte": 0.2}})
        assert sorted(v.metadata["acc"] for v in best) == [0.2, 0.3]
        demo = api.registries().collections(filter={"name": "Demo"})
        assert len(list(demo.versions(per_page=1))) == 3
        names = [r.name for r in api.registries(order="-name") if r.name in ("Data", "Model")]
        assert names == ["Model", "Data"]
        ordered = api.registries(order="name", filter={"name": {"$in": ["Data", "Model"]}})
        assert [c.name for c in ordered.collections(order="-name")] == ["D", "Other", "Demo"]
        assert raised(api.registries, filter={"alias": "x"})[0] == "ValueError"
        first = api.registries(per_page=1)
        next(first)
        rest = list(api.registries(per_page=1, start=first.cursor))
        assert len(rest) == len(list(api.registries())) - 1
        """,
    )


def test_a_registry_is_made_changed_and_deleted(home: Home) -> None:
    story(
        home,
        """
        api = wandb.Api()
        made = api.create_registry("Mine", "restricted", description="D", artifact_types=["model"])
        assert (made.name, made.full_name) == ("Mine", "wandb-registry-Mine")
        assert (made.visibility, made.description) == ("restricted", "D")
        assert not made.allow_all_artifact_types and made.artifact_types == ["model"]
        assert "already exists" in raised(api.create_registry, "Mine", "organization")[1]
        assert raised(api.create_registry, "Other", "public")[0] == "ValueError"
        assert raised(made.artifact_types.remove, "model")[0] == "ValueError"
        made.artifact_types.append("dataset")
        made.description, made.visibility = "E", "organization"
        made.save()
        again = api.registry("Mine")
        assert sorted(again.artifact_types) == ["dataset", "model"] and again.description == "E"
        assert again.visibility == "organization" and again.created_at[:2] == "20"
        with init() as run:
            artifact = version(run, "m", "one")
            artifact.link("wandb-registry-Mine/C")
            other = version(run, "o", "one", type="other")
            assert raised(other.link, "wandb-registry-Mine/O")[0] == "CommError"
        card = api.artifact_collection("model", "wandb-registry-Mine/C")
        card.description, card.tags = "card", ["t"]
        card.save()
        (found,) = again.collections({"tag": "t"})
        assert (found.description, found.type) == ("card", "model")
        assert raised(setattr, found, "type", "x")[0] == "ValueError"
        assert [v.name for v in again.versions()] == ["C:v0"]
        again.delete()
        assert raised(api.registry, "Mine")[0] == "NotFoundError"
        assert api.artifact_exists("p/m:v0")
        """,
    )
