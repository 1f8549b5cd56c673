"""A run without any server."""

import pathlib

import numpy as np
import wandb
from telling import tell

run = wandb.init(project="offline", name="alone", mode="offline", config={"rate": 3}, tags=["off"])
print("said offline")
for step in range(40):
    run.log({"n": step, "half": step / 2})
run.log({"picture": wandb.Image(np.zeros((3, 3, 3), np.uint8))})
pathlib.Path("offline.txt").write_text("kept offline\n")
run.save("offline.txt", policy="now")
run.summary["best"] = 4
tell(id=run.id, folder=str(pathlib.Path(run.dir).parent))
run.finish()
