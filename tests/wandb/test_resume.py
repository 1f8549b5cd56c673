"""One run in several sittings."""

import pytest

from support.sdk import ENTITY, Script


@pytest.mark.story("resume")
class TestSittings:
    def test_what_each_found(self, story):
        assert (story["new"]["resumed"], story["new"]["start"]) == (False, 0)
        assert (story["allow"]["resumed"], story["allow"]["start"], story["allow"]["summary"]) == (True, 3, 2)
        assert (story["must"]["resumed"], story["must"]["start"], story["must"]["summary"]) == (True, 5, 4)
        assert (story["again"]["resumed"], story["again"]["start"]) == (True, 9)
        assert story["must"]["config"] == {"a": 1, "b": 2}
        assert story["again"]["config"] == {"a": 1, "b": 2, "c": 3}

    def test_what_is_refused(self, story):
        assert "nobody" in story["must_nothing"]
        assert "sittings" in story["never_again"]
        assert story["never_new"]["resumed"] is False

    @pytest.mark.fast
    def test_steps_without_gap_or_overlap(self, api, story):
        run = api.run(f"{ENTITY}/resume/sittings")
        assert [(row["_step"], row["n"]) for row in run.scan_history()] == [(n, n) for n in range(10)]
        assert run.config == {"a": 1, "b": 2, "c": 3}
        assert run.tags == ["kept"]
        assert (run.state, run.summary["n"], run.lastHistoryStep) == ("finished", 9, 9)

    def test_console_of_every_sitting(self, api, story):
        lines = [line.content for line in api.run(f"{ENTITY}/resume/sittings").console_logs()]
        assert [line for line in lines if "went on" in line] == [f"sittings went on for {n}" for n in (3, 2, 4, 1)]


def test_auto(variables, below):
    """The second try of a script finds by itself the run of the first, which failed."""
    first = Script("resume_auto", variables, "fail", below=below)
    told = first.wait().expect(3)
    assert (told["resumed"], told["start"]) == (False, 0)
    # The same place for both: resume="auto" remembers the run in WANDB_DIR.
    second = Script("resume_auto", variables, below=below, WANDB_DIR=str(first.folder / "dir"))
    again = second.wait().expect(0)
    assert again == {"id": told["id"], "resumed": True, "start": 3}
