"""Daemon and hub: whatever was told, every run reads the same at both."""

import json

import pytest
import wandb

from support.reading import reading
from support.sdk import ENTITY

STORIES = [("basics",), ("edits",), ("metrics",), ("media",), ("files",), ("console",), ("resume",)]
STORIES += [("branches", "fork", "rewind"), ("stream", 500, 0, "packed", "gzip")]

pytestmark = [pytest.mark.story(*words) for words in STORIES]


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


@pytest.mark.parametrize("words", STORIES, ids=lambda words: words[0])
def test_every_run(words, tell, variables, hub, home, tmp_path):
    tell(*words)
    project = words[0]
    home.pannier("sync", "--wait", "--timeout", "60")
    with reading(variables, tmp_path / "daemon"):
        here = everything(project)
    with reading(hub.wandb_variables(), tmp_path / "hub"):
        there = everything(project)
    assert here, "nothing was told"
    assert sorted(here) == sorted(there)
    for id, run in here.items():
        for what, value in run.items():
            assert value == there[id][what], (project, id, what)
