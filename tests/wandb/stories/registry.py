"""The registry: versions linked, aliases moved, collections described, one
registry made by name and one by a link."""

import wandb
from telling import tell

PROJECT = "to-registry"

api = wandb.Api()
made = api.create_registry(
    name="Checked", visibility="organization", description="what was checked", artifact_types=["model"]
)
tell(made=(made.name, made.description, sorted(made.artifact_types), made.allow_all_artifact_types))

with wandb.init(project=PROJECT) as run:
    for number in range(3):
        model = wandb.Artifact("net", type="model", metadata={"acc": number / 10})
        with model.new_file("w.txt") as file:
            file.write(str(number))
        model = run.log_artifact(model).wait()
        linked = run.link_artifact(model, "wandb-registry-Model/Nets", aliases=["staging"] if number else [])
        tell(**{f"linked{number}": (linked.version, linked.is_link, linked.source_version)})
    again = run.link_artifact(model, "wandb-registry-Model/Nets")
    tell(again=again.version, run=run.id)
    run.link_artifact(run.use_artifact("net:v1"), "wandb-registry-Checked/Net", aliases=["production"])
    data = wandb.Artifact("data", type="dataset")
    with data.new_file("d.txt") as file:
        file.write("d")
    data = run.log_artifact(data).wait()
    try:
        run.link_artifact(data, "wandb-registry-Checked/Data")
        tell(other_type="")
    except Exception as error:
        tell(other_type=str(error))

nets = api.registry("Model")
tell(registry=(nets.name, nets.full_name, nets.organization))
collection = next(iter(api.registries(filter={"name": "Model"}).collections(filter={"name": "Nets"})))
collection.description = "all nets"
collection.tags = ["vision"]
collection.save()

first = api.artifact("wandb-registry-Model/Nets:v0")
first.aliases.append("archived")
first.tags.append("old")
first.save()
gone = api.artifact("wandb-registry-Model/Nets:v1")
gone.unlink()
