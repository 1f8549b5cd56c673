"""A script with resume="auto" that dies at its first try and goes on at its second."""

import sys

import wandb
from telling import tell

run = wandb.init(project="resume", resume="auto")
tell(id=run.id, resumed=run.resumed, start=run.starting_step)
for step in range(run.starting_step, run.starting_step + 3):
    run.log({"n": step})
if sys.argv[1:] == ["fail"]:
    raise SystemExit(3)
run.finish()
