"""An init that finds nobody: `refused.py TIMEOUT_S`."""

import sys
import time

import wandb
from telling import tell

began = time.monotonic()
try:
    wandb.init(project="refused", settings=wandb.Settings(init_timeout=float(sys.argv[1])))
except Exception as error:
    tell(error=[type(error).__module__, type(error).__name__, str(error)], seconds=time.monotonic() - began)
    raise
