"""Train, publish, take, query: the way of a model, whichever package is imported.

tour.py TRACKER"""

import importlib
import pathlib
import sys

from telling import tell

tracker = sys.argv[1]
wandb = importlib.import_module(tracker)
PROJECT, REGISTRY = f"tour-{tracker}", "wandb-registry-Tour"
NETS = f"Nets-{tracker}"

with wandb.init(project=PROJECT, config={"lr": 0.01}) as run:
    for epoch in range(10):
        run.log({"epoch": epoch, "loss": 1 / (epoch + 1)})
    pathlib.Path("model.txt").write_text("weights")
    model = wandb.Artifact("net", type="model", description="the net", metadata={"acc": 0.9})
    model.add_file("model.txt")
    pathlib.Path("model.txt").write_text("other weights")
    logged = run.log_artifact(model, aliases=["best"]).wait()
    tell(run=run.id, id=logged.id, version=logged.version, digest=logged.digest, entity=run.entity)

outside = wandb.Artifact("outside", type="dataset")
with outside.new_file("a.txt") as file:
    file.write("a")
outside.save(project=PROJECT)
outside.wait()
tell(outside=outside.qualified_name, outside_digest=outside.digest)

with wandb.init(project=PROJECT, job_type="publish") as run:
    used = run.use_artifact(f"{run.entity}/{PROJECT}/net:v0", type="model")
    linked = run.link_artifact(used, f"{REGISTRY}/{NETS}", aliases=["production"])
    tell(publisher=run.id, linked=linked.version, is_link=linked.is_link, source=linked.source_name)

with wandb.init(project=PROJECT, job_type="infer") as run:
    found = run.use_artifact(f"{REGISTRY}/{NETS}:production")
    folder = pathlib.Path(found.download())
    tell(reader=run.id, read=(folder / "model.txt").read_text())

api = wandb.Api()
version = api.artifact(f"{PROJECT}/net:v0")
version.tags.append("text-classification")
version.aliases.append("checked")
version.description = "said later"
version.save()

query = api.registries(filter={"name": {"$regex": "tour"}}).collections(filter={"name": NETS})
found = list(query.versions(filter={"$or": [{"tag": "text-classification"}, {"alias": "latest"}]}))
tell(
    found=[[one.name, one.collection.name, sorted(one.aliases), one.tags] for one in found],
    dated=all(one.created_at for one in found),
)
