"""One version of `net` on a machine by itself, with the name `prod`. Argument: what it holds."""

import sys

import wandb
from telling import tell

with wandb.init(project="apart", name=sys.argv[1]) as run:
    net = wandb.Artifact("net", type="model")
    with net.new_file("who.txt") as file:
        file.write(sys.argv[1])
    net = run.log_artifact(net, aliases=["prod"]).wait()
    linked = run.link_artifact(net, "wandb-registry-Model/Apart", aliases=["prod"])
    tell(run=run.id, id=net.id, digest=net.digest, version=net.version, linked=linked.version)
