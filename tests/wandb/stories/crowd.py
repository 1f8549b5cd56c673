"""One of many that begin at the same moment: `crowd.py FOLDER`."""

import pathlib
import sys
import time

import wandb
from telling import tell

meeting = pathlib.Path(sys.argv[1])
wandb.setup()  # what the SDK needs for itself, whoever the server is: its own service process
tell(ready=True)
while not (meeting / "go").exists():
    time.sleep(0.01)
began = time.monotonic()
run = wandb.init(project="crowd", settings=wandb.Settings(x_disable_stats=True, x_disable_meta=True, console="off"))
took = time.monotonic() - began
run.log({"n": 1})
tell(init_s=took, id=run.id)
run.finish()
