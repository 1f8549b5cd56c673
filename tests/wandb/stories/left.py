"""One run with one of everything that it may leave on disk."""

import pathlib
import sys

import numpy as np
import wandb
from telling import tell

options = {"id": sys.argv[1]} if len(sys.argv) > 1 else {}
run = wandb.init(project="left", name="behind", config={"rate": 3, "nest": {"a": 1}}, tags=["off"], **options)
print("said here")
print("and there", file=sys.stderr)
run.define_metric("low", summary="min")
for step in range(40):
    run.log({"n": step, "half": step / 2, "low": 40 - step, "deep": {"er": step}})
run.log({"picture": wandb.Image(np.zeros((3, 3, 3), np.uint8))})
run.log({"rows": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])})
pathlib.Path("kept.txt").write_text("kept\n")
run.save("kept.txt", policy="now")
model = wandb.Artifact("left-model", type="model", metadata={"depth": 2})
pathlib.Path("weights.txt").write_text("weights\n")
model.add_file("weights.txt")
model.add_reference("https://a.example/data.csv", checksum=False)
run.log_artifact(model, aliases=["best"])
run.alert("high", "the loss is high", level="WARN")
run.config["late"] = True
run.summary["best"] = 4
tell(id=run.id, folder=str(pathlib.Path(run.dir).parent))
run.finish()
