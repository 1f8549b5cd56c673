"""The file stream when all is well: compressed, fast, and without a remote."""

import pytest
import wandb

from support.home import Home
from support.reading import reading
from support.sdk import ENTITY, Script


@pytest.mark.story("stream", 500, 0, "packed", "gzip")
def test_compressed(api, story):
    run = api.run(f"{ENTITY}/stream/{story['id']}")
    assert [(row["n"], row["square"]) for row in run.scan_history(keys=["n", "square"])] == [
        (n, n * n) for n in range(500)
    ]
    lines = [line.content for line in run.console_logs() if line.content.startswith("row ")]
    assert lines == [f"row {n}" for n in range(500)]


@pytest.mark.fast
def test_finish_does_not_wait_for_a_remote(tmp_path, below):
    """One remote is there and answers nobody; the run ends all the same."""
    with Home(tmp_path / "home") as home:
        home.start()
        token = tmp_path / "token"
        token.write_text("x" * 40)
        # Nobody listens on the discard port of this namespace.
        home.pannier("remote", "add", "gone", "http://127.0.0.1:9", "--token-file", str(token))
        told = Script("stream", home.wandb_variables(), 20, 0, "unsent", below=below).wait(60).expect(0)
        assert told["finish_s"] < 30
        with reading(home.wandb_variables(), tmp_path / "reader"):
            run = wandb.Api().run(f"{ENTITY}/stream/{told['id']}")
            assert (run.state, len(list(run.scan_history()))) == ("finished", 20)
