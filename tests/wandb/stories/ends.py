"""A run that ends as its first argument says."""

import os
import signal
import sys
import time

import wandb
from telling import tell

how = sys.argv[1]
settings = wandb.Settings(x_file_stream_transmit_interval=1, x_stats_sampling_interval=0.5)
run = wandb.init(project="ends", name=how, settings=settings)
run.log({"n": 1})
print(f"this one is {how}")
tell(id=run.id)
match how:
    case "fine":
        run.finish()
    case "code":
        run.finish(exit_code=7)
    case "raises":
        raise RuntimeError("out of luck")
    case "exits":
        sys.exit(5)
    case "preempted":
        run.mark_preempting()
        run.finish(exit_code=1)
    case "killed" | "waits":
        # Until somebody ends it: a test from outside.
        for second in range(600):
            run.log({"beat": second})
            tell(beats=second)
            time.sleep(0.2)
    case "killed-at-once":
        os.kill(os.getpid(), signal.SIGKILL)
