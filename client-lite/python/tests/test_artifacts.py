"""Artifacts from logging to deletion, told to a real daemon by real programs."""

from __future__ import annotations

import json
from typing import Any

from conftest import Home

HEAD = """
import datetime, json, os, pathlib, time
import pannier as wandb

def init(**given):
    return wandb.init(project="p", settings=wandb.Settings(silent=True), **given)

def version(run, name, text, **given):
    artifact = wandb.Artifact(name, given.pop("type", "model"), **given)
    with artifact.new_file("f.txt") as file:
        file.write(text)
    return run.log_artifact(artifact).wait(60)

def raised(call, *args, **given):
    try:
        call(*args, **given)
    except Exception as error:
        return type(error).__name__, str(error)
    raise AssertionError("it was not refused")

out = None
"""


def story(home: Home, code: str, **env: str) -> Any:
    """Runs a script after `HEAD`; what it leaves in `out`."""
    lines = [line[8:] if line.startswith(" " * 8) else line for line in code.splitlines()]
    body = "\n".join([HEAD, *lines, "print(json.dumps(out))"])
    done = home.python(body, **env)
    return json.loads(done.stdout.splitlines()[-1])


def test_a_version_is_what_was_logged(home: Home) -> None:
    story(
        home,
        """
        os.makedirs("d/sub")
        pathlib.Path("d/a.txt").write_text("alpha\\n")
        pathlib.Path("d/sub/b.bin").write_bytes(bytes(range(256)))
        with init(id="r1") as run:
            run.log({"x": 1})
            run.log({"x": 2})
            draft = wandb.Artifact("data", "dataset", description="D", metadata={"n": 1})
            draft.add_dir("d")
            draft.ttl = datetime.timedelta(days=3)
            digest = draft.digest
            logged = run.log_artifact(draft, aliases=["best"], tags=["a b"])
            assert logged is draft
            pathlib.Path("d/a.txt").write_text("changed")
            artifact = logged.wait()
            assert not artifact.is_draft() and artifact.state == "COMMITTED"
            assert artifact.digest == digest and artifact.size == 262
            assert artifact.name == "data:v0" and artifact.version == "v0"
            assert artifact.qualified_name == "local/p/data:v0" == artifact.source_qualified_name
            assert sorted(artifact.aliases) == ["best", "latest"], artifact.aliases
            assert (artifact.tags, artifact.description) == (["a b"], "D")
            assert artifact.metadata == {"n": 1} and artifact.type == "dataset"
            assert artifact.ttl == datetime.timedelta(days=3)
            assert artifact.file_count == 2 and not artifact.is_link and artifact.linked_at is None
            assert artifact.history_step == 1, artifact.history_step
            assert artifact.created_at[:2] == "20" and artifact.updated_at[:2] == "20"
            assert artifact.collection.name == "data" == artifact.source_collection.name
            assert artifact.source_artifact is artifact and artifact.linked_artifacts == []
            assert artifact.logged_by().id == "r1"
            folder = artifact.download()
            assert folder == os.path.abspath("artifacts/data:v0")
            assert pathlib.Path(folder, "a.txt").read_text() == "alpha\\n"
            assert pathlib.Path(folder, "sub/b.bin").read_bytes() == bytes(range(256))
            assert artifact.verify() is None
            files = {file.name: file for file in artifact.files()}
            assert len(artifact.files()) == 2 and files["sub/b.bin"].size == 256, files
            assert files["a.txt"].download("one").read() == "alpha\\n"
            assert [f.name for f in artifact.files(names=["a.txt"])] == ["a.txt"]
            assert artifact.get_entry("a.txt").size == 6
            assert "artifacts/dataset/data/v0" in artifact.url, artifact.url
        again = wandb.Api().artifact("local/p/data:best")
        assert again.id == artifact.id and again.name == "data:best" and again.version == "v0"
        """,
    )


def test_the_same_content_is_the_same_version(home: Home) -> None:
    story(
        home,
        """
        with init() as run:
            first = version(run, "m", "one")
            second = version(run, "m", "two")
            again = version(run, "m", "one")
            assert (first.version, second.version, again.version) == ("v0", "v1", "v0")
            assert again.id == first.id != second.id
            api = wandb.Api()
            assert [a.version for a in api.artifacts("model", "p/m")] == ["v1", "v0"]
            assert api.artifact_exists("p/m:v1") and not api.artifact_exists("p/m:v2")
            assert api.artifact(f"p/m:{first.digest}").id == first.id
            kind, text = raised(version, run, "m", "three", type="dataset")
            assert kind == "ValueError" and "already exists with type 'model'" in text, text
        """,
    )


def test_a_draft_of_a_version(home: Home) -> None:
    story(
        home,
        """
        with init() as run:
            base = wandb.Artifact("m", "model")
            for name in ("kept", "gone", "other"):
                with base.new_file(name) as file:
                    file.write(name)
            base = run.log_artifact(base).wait()
            draft = base.new_draft()
            assert draft.is_draft() and draft.digest == base.digest
            draft.remove("gone")
            with draft.new_file("other", "w") as file:
                file.write("changed")
            with draft.new_file("new") as file:
                file.write("new")
            newer = run.log_artifact(draft).wait()
            assert newer.version == "v1"
            folder = newer.download()
            found = {f: pathlib.Path(folder, f).read_text() for f in os.listdir(folder)}
            assert found == {"kept": "kept", "other": "changed", "new": "new"}, found
            more = wandb.Artifact("m", "model", incremental=True)
            with more.new_file("more") as file:
                file.write("more")
            assert set(run.log_artifact(more).wait().manifest.entries) == {*found, "more"}
        other = wandb.init(project="q", settings=wandb.Settings(silent=True))
        assert "can't be moved to 'q'" in raised(other.log_artifact, newer.new_draft())[1]
        other.finish()
        """,
    )


def test_several_runs_make_one(home: Home) -> None:
    story(
        home,
        """
        def part(run, name, finish):
            artifact = wandb.Artifact("shards", "dataset")
            with artifact.new_file(name) as file:
                file.write(name)
            call = run.finish_artifact if finish else run.upsert_artifact
            return call(artifact, distributed_id="together").wait()
        runs = [init(reinit="create_new") for _ in range(3)]
        drafts = [part(run, f"s{i}", False) for i, run in enumerate(runs)]
        assert all(draft.is_draft() for draft in drafts)
        whole = part(runs[0], "last", True)
        assert set(whole.manifest.entries) == {"s0", "s1", "s2", "last"}, whole.manifest
        assert whole.version == "v0"
        assert raised(runs[0].upsert_artifact, "x")[0] == "TypeError"
        for run in runs:
            run.finish()
        """,
    )


def test_edits_are_sent_by_save(home: Home) -> None:
    story(
        home,
        """
        with init() as run:
            artifact = version(run, "m", "one")
            artifact.aliases.append("production")
            artifact.tags = ["x", "y"]
            artifact.description = "better"
            artifact.metadata = {"acc": 0.9}
            artifact.ttl = datetime.timedelta(hours=1)
            artifact.save()
        api = wandb.Api()
        again = api.artifact("p/m:production")
        assert sorted(again.aliases) == ["latest", "production"] and again.tags == ["x", "y"]
        assert again.metadata == {"acc": 0.9} and again.description == "better"
        assert again.ttl == datetime.timedelta(hours=1)
        again.aliases.remove("production")
        again.tags.remove("x")
        again.ttl = None
        again.save()
        assert not api.artifact_exists("p/m:production")
        third = api.artifact("p/m:v0")
        assert third.tags == ["y"] and third.aliases == ["latest"] and third.ttl is None
        c = third.collection
        c.description, c.tags, c.name = "card", ["c1"], "renamed"
        c.save()
        found = api.artifact_collection("model", "p/renamed")
        assert (found.description, found.tags, found.is_sequence()) == ("card", ["c1"], True)
        assert found.aliases == ["latest"] and [a.version for a in found.artifacts()] == ["v0"]
        assert not api.artifact_collection_exists("p/m", "model")
        """,
    )


def test_what_is_deleted_is_gone(home: Home) -> None:
    story(
        home,
        """
        with init() as run:
            first, second = version(run, "m", "one"), version(run, "m", "two")
        api = wandb.Api()
        assert raised(api.artifact("p/m:latest").delete)[0] == "CommError"
        api.artifact("p/m:v0").delete()
        api.artifact("p/m:latest").delete(delete_aliases=True)
        assert not api.artifact_exists("p/m:v0") and not api.artifact_exists("p/m:latest")
        with init() as run:
            assert version(run, "m", "three").version == "v2"
        api.artifact_collection("model", "p/m").delete()
        assert not api.artifact_collection_exists("p/m", "model")
        kind, text = raised(api.artifact, "p/m:v2")
        assert kind == "NotFoundError" and "not found in 'local/p'" in text
        """,
    )


def test_runs_and_what_they_used(home: Home) -> None:
    story(
        home,
        """
        with init(id="maker") as run:
            made = version(run, "m", "one")
        with init(id="user") as run:
            by_name = run.use_artifact("m:latest", type="model")
            assert by_name.id == made.id
            assert run.use_artifact("local/p/m:v0").id == made.id
            hex_id = made.get_entry("f.txt").ref_url().partition("://")[2].partition("/")[0]
            assert run.use_artifact(f"wandb-artifact://{hex_id}").id == made.id
            assert "does not match type model" in raised(run.use_artifact, "m:v0", type="x")[1]
            draft = wandb.Artifact("n", "model")
            draft.add_reference(made.get_entry("f.txt"), name="ref.txt")
            used = run.use_artifact(draft)
            assert used.version == "v0"
            assert pathlib.Path(used.download(), "ref.txt").read_text() == "one"
        api = wandb.Api()
        run = api.run("p/user")
        assert [a.name for a in run.used_artifacts()] == ["m:v0", "n:v0"]
        assert [a.name for a in run.logged_artifacts()] == ["n:v0"]
        assert [r.id for r in made.used_by()] == ["user"] and made.logged_by().id == "maker"
        assert {t.name for t in api.artifact_types("p")} == {"model"}
        assert {c.name for c in api.artifact_collections("p", "model")} == {"m", "n"}
        assert {c.name for c in api.project("p").collections()} == {"m", "n"}
        other = api.create_run(project="p", run_id="later")
        other.use_artifact(made)
        assert sorted(r.id for r in made.used_by()) == ["later", "user"]
        """,
    )


def test_saved_outside_a_run(home: Home) -> None:
    story(
        home,
        """
        artifact = wandb.Artifact("m", "model")
        with artifact.new_file("f") as file:
            file.write("f")
        artifact.save(project="p2")
        artifact.wait()
        assert artifact.qualified_name == "local/p2/m:v0"
        assert artifact.logged_by().job_type == "auto"
        other = wandb.Artifact("n", "model")
        other.save()
        assert other.wait().project == "from-env"
        assert wandb.run is None
        """,
        WANDB_PROJECT="from-env",
    )


def test_paths_folders_and_models(home: Home) -> None:
    story(
        home,
        """
        pathlib.Path("w.bin").write_bytes(b"weights")
        os.makedirs("many")
        for i in range(3):
            pathlib.Path("many", str(i)).write_text(str(i))
        with init(id="r") as run:
            assert run.log_artifact("w.bin").wait().name == "run-r-w.bin:v0"
            assert len(run.log_artifact("many/", name="m3", type="t").wait().manifest) == 3
            kind, text = raised(run.log_artifact, "nowhere")
            assert kind == "ValueError" and "there is no 'nowhere'" in text
            run.log_model("w.bin", "net", aliases=["good"])
            run.log_artifact("w.bin", name="last").wait()
            path = run.use_model("net:good")
            assert pathlib.Path(path).read_bytes() == b"weights"
            assert raised(run.use_model, "m3:latest")[0] == "AssertionError"
            linked = run.link_model("w.bin", "Registered", name="net", aliases=["x"])
            assert linked.is_link and linked.qualified_name == "local/model-registry/Registered:v0"
            assert "x" in linked.aliases and linked.source_name == "net:v0"
            assert raised(run.link_model, "w.bin", "a/b")[0] == "AssertionError"
        assert "is finished" in raised(run.log_artifact, "w.bin")[1]
        """,
    )


def test_files_of_a_run(home: Home) -> None:
    story(
        home,
        """
        os.makedirs("d")
        for name in ("now", "live", "end"):
            pathlib.Path("d", name).write_text("first")
        pathlib.Path("[odd].txt").write_text("odd")
        with init(id="r") as run:
            for name in ("now", "live", "end"):
                assert run.save(f"d/{name}", policy=name) == [os.path.abspath(f"d/{name}")]
            run.save(os.path.abspath("d/now"), base_path="d", policy="now")
            run.save("[odd].txt", glob=False)
            assert run.save("none*") == [] == run.save("s3://b/k")
            assert raised(run.save, "d/now", base_path="elsewhere")[0] == "ValueError"
            assert raised(run.save, "d/now", policy="x")[0] == "ValueError"
            for name in ("now", "live", "end"):
                pathlib.Path("d", name).write_text("second")
        names = ("d/now", "d/live", "d/end")
        texts = {n: wandb.restore(n, "p/r", root="got").read() for n in names}
        assert texts == {"d/now": "first", "d/live": "second", "d/end": "second"}, texts
        assert wandb.restore("now", "p/r", root="got").read() == "first"
        assert wandb.restore("[odd].txt", "p/r", root="got").read() == "odd"
        assert wandb.restore("none", "p/r", root="got") is None
        pathlib.Path("got/now").write_text("mine")
        assert wandb.restore("now", "p/r", root="got").read() == "mine"
        assert wandb.restore("now", "p/r", root="got", replace=True).read() == "first"
        """,
    )


def test_disabled_runs_accept_it_all(bare_home: Home) -> None:
    story(
        bare_home,
        """
        with wandb.init(mode="disabled") as run:
            artifact = wandb.Artifact("m", "model")
            with artifact.new_file("f") as file:
                file.write("f")
            assert run.log_artifact(artifact) is artifact and artifact.is_draft()
            assert raised(artifact.wait)[0] == "ArtifactNotLoggedError"
            run.save("*.py")
            assert run.restore("f") is None
        """,
    )


def test_logging_needs_no_daemon(home: Home) -> None:
    story(
        home,
        """
        pathlib.Path("w.bin").write_bytes(b"weights")
        with init(id="r") as run:
            began = time.monotonic()
            logged = run.log_artifact("w.bin", name="net", type="model")
            assert time.monotonic() - began < 5
            run.save("w.bin", policy="now")
            assert raised(logged.wait, 0.2)[0] == "WaitTimeoutError" and logged.is_draft()
        os.unlink("w.bin")
        """,
        PANNIER_DAEMON="none",
    )
    story(
        home,
        """
        api = wandb.Api()
        for _ in range(200):
            if api.artifact_exists("p/net:latest"):
                break
            time.sleep(0.05)
        artifact = api.artifact("p/net:latest")
        assert pathlib.Path(artifact.download(), "w.bin").read_bytes() == b"weights"
        assert artifact.logged_by().id == "r"
        assert wandb.restore("w.bin", "p/r", root="got").read() == "weights"
        """,
    )
