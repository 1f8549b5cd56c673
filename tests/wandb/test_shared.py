"""Several writers in one run, with mode="shared"."""

import collections

import pytest

from support.sdk import ENTITY

WRITERS = 3


@pytest.fixture(scope="session")
def told(run_script, tmp_path_factory):
    """What the writers told, by rank."""
    meeting = tmp_path_factory.mktemp("meeting")
    scripts = [run_script("shared", "all-of-them", rank, WRITERS, meeting) for rank in range(WRITERS)]
    return [script.wait().expect(0) for script in scripts]


@pytest.fixture
def run(api, told):
    return api.run(f"{ENTITY}/shared/all-of-them")


def test_rows_of_all_each_once(run):
    rows = list(run.scan_history())
    count = collections.Counter(row["common"] for row in rows)
    assert count == {rank * 1000 + number: 1 for rank in range(WRITERS) for number in range(20)}
    for rank in range(WRITERS):
        assert [row[f"rank{rank}/n"] for row in rows if f"rank{rank}/n" in row] == list(range(20))
    steps = [row["_step"] for row in rows]
    assert steps == sorted(steps)


def test_summary_of_all(run):
    for rank in range(WRITERS):
        assert run.summary[f"rank{rank}/n"] == 19


def test_console_of_all(run):
    lines = [(line.content, line.label) for line in run.console_logs() if "speaks" in line.content]
    assert sorted(lines) == [(f"rank {rank} speaks", f"rank {rank}") for rank in range(WRITERS)]


def test_the_primary_ends_it(run):
    assert run.state == "finished"
    assert run.name == "together"
