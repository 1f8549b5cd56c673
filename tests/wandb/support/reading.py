"""`wandb.Api()` in this process, led to a daemon or a hub by nothing but the
environment, as it is for a user."""

import contextlib
import json
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


def everything(project):
    """All that `wandb.Api()` says of the runs of a project, but for links and users."""
    return {run.id: whole(run) for run in wandb.Api().runs(f"{ENTITY}/{project}", lazy=False)}


def whole(run):
    """One run."""
    return {
        "names": (run.name, run.notes, run.group, run.job_type, sorted(run.tags), run.state),
        "times": (run.created_at,),
        "config": run.config,
        "summary": text(run.summary._json_dict),
        "history": [text(row) for row in run.scan_history()],
        "system": [text(row) for row in run.history(stream="system", pandas=False)],
        "files": sorted((file.name, file.size, file.md5) for file in run.files()),
        "console": [(line.number, line.level, line.content) for line in run.console_logs()],
    }


def text(value):
    """A value, so that NaN equals NaN and the order of keys says nothing."""
    return json.dumps(value, sort_keys=True)
