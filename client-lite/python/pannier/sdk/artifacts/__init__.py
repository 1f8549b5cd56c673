"""Names only: what W&B's programs import from `wandb.sdk.artifacts`."""

from . import exceptions as exceptions
