"""Daemon and hub: whatever was told, every run reads the same at both."""

import pytest

from support.reading import everything, reading

STORIES = [("basics",), ("edits",), ("metrics",), ("media",), ("files",), ("console",), ("resume",)]
STORIES += [("branches", "fork", "rewind"), ("stream", 500, 0, "packed", "gzip")]

pytestmark = [pytest.mark.story(*words) for words in STORIES]


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
