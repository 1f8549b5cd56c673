"""History as parquet files, read by what people read them with."""

import duckdb
import pandas
import pytest

from support.sdk import ENTITY
from wandb.apis.public.runhistory import IncompleteRunHistoryError


def exported(api, path, folder):
    """The parquet files of a finished run.

    The SDK asks the same for a scan and for an export, but for the question that
    comes before a scan. Another test may have put that question a moment ago, by
    reading `lastHistoryStep`: then the first answer is the one for a scan.
    """
    run = api.run(path)
    try:
        result = run.download_history_exports(folder, require_complete_history=True)
    except IncompleteRunHistoryError:
        result = run.download_history_exports(folder, require_complete_history=True)
    assert not result.errors
    assert result.paths
    return [str(path) for path in result.paths]


@pytest.mark.story("basics")
def test_basics(api, story, tmp_path):
    files = exported(api, f"{ENTITY}/basics/{story['ids']['alpha']}", tmp_path)
    frame = pandas.concat([pandas.read_parquet(file) for file in files]).sort_values("_step")
    assert list(frame["_step"]) == list(range(30))
    assert list(frame["error"]) == [0.5 * (step + 1) for step in range(30)]
    assert list(frame["half"]) == [step // 2 for step in range(30)]
    [(rows, total)] = duckdb.sql(f"select count(*), sum(half) from read_parquet({files!r})").fetchall()
    assert (rows, total) == (30, sum(step // 2 for step in range(30)))


@pytest.mark.story("metrics")
def test_every_kind_of_value(api, story, tmp_path):
    files = exported(api, f"{ENTITY}/metrics/{story['id']}", tmp_path)
    frame = pandas.concat([pandas.read_parquet(file) for file in files])
    rows = list(api.run(f"{ENTITY}/metrics/{story['id']}").scan_history())
    assert sorted(frame["_step"]) == [row["_step"] for row in rows]
    assert list(frame["text"].dropna()) == ["näïve ☃"]
    assert list(frame["peak"].dropna()) == [3, 9, 6]
    names = {name for (name, *_) in duckdb.sql(f"describe select * from read_parquet({files!r})").fetchall()}
    assert {"ключ", "with space", "round"} <= names
