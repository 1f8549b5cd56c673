"""One of many that begin at the same moment: `crowd.py RANK FOLDER`. First
without a server, so that the time of the second is the server's and not that of
the many modules which the SDK imports when it is first used."""

import pathlib
import sys
import time

import wandb
from telling import tell

rank, meeting = sys.argv[1], pathlib.Path(sys.argv[2])
settings = wandb.Settings(x_disable_stats=True, x_disable_meta=True, console="off", init_timeout=120)


def together(mode):
    """Waits for the signal, then begins with all the others."""
    (meeting / f"{mode}-{rank}").touch()
    while not (meeting / f"{mode}-go").exists():
        time.sleep(0.02)
    began = time.monotonic()
    run = wandb.init(project="crowd", mode=mode, settings=settings)
    took = time.monotonic() - began
    run.log({"n": int(rank)})
    run.finish()
    return took


wandb.setup()  # the SDK's own service process
together("offline")
tell(online_s=together("online"))
