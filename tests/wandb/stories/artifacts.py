"""Artifacts as scripts log them: in a run and outside one, again, in steps, by
several writers, with references; used, edited, taken back, deleted."""

import hashlib
import pathlib

import wandb
from telling import tell

PROJECT = "artifacts"


def artifact(name, kind="dataset", files=None, **options):
    made = wandb.Artifact(name, type=kind, **options)
    for path, text in (files or {}).items():
        with made.new_file(path) as file:
            file.write(text)
    return made


def refused(call):
    """The words with which the SDK refuses."""
    try:
        call()
    except Exception as error:  # whatever it is, the test says what it expects
        return f"{type(error).__name__}: {error}"
    return ""


with wandb.init(project=PROJECT, name="maker") as run:
    first = run.log_artifact(
        artifact("words", files={"a.txt": "one", "deep/b.txt": "two"}, description="d", metadata={"n": {"m": 1}}),
        aliases=["best"],
        tags=["raw"],
    ).wait()
    second = run.log_artifact(artifact("words", files={"a.txt": "three"}), aliases=["best", "now"]).wait()
    same = run.log_artifact(artifact("words", files={"a.txt": "one", "deep/b.txt": "two"})).wait()
    tell(maker=run.id, first=first.id, digest=first.digest, versions=[first.version, second.version, same.version])

    pathlib.Path("changing.txt").write_text("as it was")
    mutable = wandb.Artifact("changing", type="dataset")
    mutable.add_file("changing.txt")
    pathlib.Path("changing.txt").write_text("changed since")
    run.log_artifact(mutable).wait()

    step = wandb.Artifact("steps", type="dataset")
    with step.new_file("one") as file:
        file.write("1")
    run.log_artifact(step).wait()
    more = wandb.Artifact("steps", type="dataset", incremental=True)
    with more.new_file("two") as file:
        file.write("2")
    steps = run.log_artifact(more).wait()
    tell(steps=sorted(steps.manifest.entries), steps_version=steps.version)

    draft = run.use_artifact("steps:latest").new_draft()
    draft.remove("one")
    with draft.new_file("three") as file:
        file.write("3")
    run.log_artifact(draft).wait()

    pathlib.Path("near.txt").write_text("near")
    references = wandb.Artifact("references", type="dataset")
    references.add_reference("https://example.org/key", name="far", checksum=False)
    references.add_reference(pathlib.Path("near.txt").absolute().as_uri(), name="near.txt")
    run.log_artifact(references).wait()

    pathlib.Path("model.bin").write_bytes(bytes(range(256)) * 8000)
    run.log_model("model.bin", name="net", aliases=["prod"])

    for rank in range(3):
        part = artifact("shards", files={f"{rank}.txt": f"part {rank}"})
        run.upsert_artifact(part, distributed_id="together")
    done = run.finish_artifact(wandb.Artifact("shards", type="dataset"), distributed_id="together")
    done.wait()
    tell(shards=sorted(done.manifest.entries), shards_version=done.version)

    tell(type_conflict=refused(lambda: run.log_artifact(artifact("words", "model", {"x": "x"})).wait()))

with wandb.init(project=PROJECT, name="reader") as reader:
    words = reader.use_artifact("words:v0")
    folder = pathlib.Path(words.download())
    tell(reader=reader.id, read=(folder / "deep/b.txt").read_text())
    model = pathlib.Path(reader.use_model("net:prod"))
    tell(model=hashlib.md5(model.read_bytes()).hexdigest())
    tell(wrong_type=refused(lambda: reader.use_artifact("words:v0", type="model")))
    tell(nothing=refused(lambda: reader.use_artifact("nobody:v0")))



def save(made):
    made.save(project=PROJECT)
    return made.wait()


save(artifact("saved", files={"s.txt": "s"}))

api = wandb.Api()
edited = api.artifact(f"{PROJECT}/words:v1")
edited.aliases.append("checked")
edited.aliases.remove("now")
edited.tags.append("clean")
edited.description, edited.metadata, edited.ttl = "said later", {"acc": 0.5}, None
edited.save()
collection = api.artifact_collection("dataset", f"{PROJECT}/words")
collection.description = "all the words"
collection.tags.append("text")
collection.save()

for number in range(3):
    save(artifact("going", files={"n": str(number)}))
going = api.artifact(f"{PROJECT}/going:latest")
tell(tagged=refused(going.delete))
going.delete(delete_aliases=True)
api.artifact(f"{PROJECT}/going:v0").delete(delete_aliases=True)
save(artifact("going", files={"n": "3"}))
