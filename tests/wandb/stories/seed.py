"""A model from its training to a report: train, log the weights, link them to a
registry, use them from there, write down what came of it, and find it again.
Whichever package is imported.

seed.py TRACKER"""

import importlib
import pathlib
import sys

from telling import tell

tracker = sys.argv[1]
wandb = importlib.import_module(tracker)
wr = importlib.import_module("wandb_workspaces.reports.v2" if tracker == "wandb" else f"{tracker}.reports")
PROJECT = f"seed-{tracker}"
REGISTERED = f"wandb-registry-Seeds/Demo-{tracker}"

with wandb.init(project=PROJECT, config={"epochs": 10}) as run:
    entity, trained = run.entity, run.id
    for epoch in range(10):
        run.log({"epoch": epoch, "loss": 1 / (epoch + 1)})
    pathlib.Path("model.txt").write_text("0.75")
    weights = wandb.Artifact("seed-model", type="model", description="as trained")
    weights.add_file("model.txt")
    weights.save()
    weights.wait()

with wandb.init(project=PROJECT) as run:
    model = run.use_artifact(f"{entity}/{PROJECT}/seed-model:{weights.version}", type="model")
    run.link_artifact(model, REGISTERED)

with wandb.init(project=PROJECT) as run:
    found = run.use_artifact(f"{REGISTERED}:latest")
    used = (pathlib.Path(found.download()) / "model.txt").read_text()

report = wr.Report(
    project=PROJECT,
    title="What came of it",
    description="In short: it learns.",
    blocks=[
        wr.TableOfContents(),
        wr.H2("Training"),
        wr.MarkdownBlock("A *simple* model."),
        wr.PanelGrid(panels=[wr.LinePlot(title="Loss", x="Step", y=["loss"])]),
    ],
)
report.save()
again = wr.Report.from_url(report.url)
assert again.title == report.title and len(again.blocks) == len(report.blocks), report.url

versions = (
    wandb.Api()
    .registries(filter={"name": {"$regex": "Seeds"}})
    .collections(filter={"name": f"Demo-{tracker}"})
    .versions(filter={"$or": [{"tag": "text-classification"}, {"alias": "latest"}]})
)
found = [[one.name, one.collection.name, one.aliases, one.tags, str(one.created_at)] for one in versions]
print("report:", report.url)
print("in the registry:", *found)
tell(trained=trained, version=weights.version, used=used, url=report.url, id=report.id, found=found)
