"""`wandb.Api()` in this process, led to a daemon or a hub by nothing but the
environment, as it is for a user."""

import contextlib
import os

import pytest
import wandb

from .sdk import ENTITY, folders


@contextlib.contextmanager
def reading(variables, folder):
    """Within, `wandb.Api()` reads from where the variables lead, with folders of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            patch.delenv(name)
        for name, value in (folders(folder) | variables | {"WANDB_ENTITY": ENTITY, "WANDB_SILENT": "true"}).items():
            patch.setenv(name, value)
        # The SDK reads the environment once, when it is first used.
        wandb.teardown()
        try:
            yield
        finally:
            wandb.teardown()
