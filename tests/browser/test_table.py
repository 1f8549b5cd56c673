"""The table of runs, and runs side by side."""

import re

import pytest
from playwright.sync_api import expect
from seen import asked, run_of

from support.home import until

TABLE = "/lab/study/table?q=%5E(trial-%5B0-3%5D%7Cpublish)%24"
"""Of the study itself: other tests let runs of their own begin in its project."""


@pytest.fixture
def table(opened, study):
    """The study's table, its runs listed."""
    page = opened(TABLE)
    expect(rows(page)).to_have_count(5)
    return page


@pytest.fixture(scope="module")
def spare(told):
    """Runs that may be changed and deleted: their ids."""
    return [told("stream", 3, 0, name)["id"] for name in ("spare-a", "spare-b", "spare-c")]


def rows(page):
    """The rows of runs."""
    table = page.get_by_role("table", name="Runs")
    return table.get_by_role("row").filter(has=page.get_by_role("cell"))


def names(page):
    """The runs' names, from the top."""
    return [row.get_by_role("link").inner_text() for row in rows(page).all()]


def head(page, title):
    """A column's head."""
    return page.get_by_role("columnheader").filter(has=page.get_by_role("button", name=title))


def column(page, title):
    """What stands in a column, from the top."""
    titles = page.get_by_role("columnheader").all_inner_texts()
    at = [one.strip().split(" ")[0] for one in titles].index(title)
    return [row.get_by_role("cell").nth(at).inner_text() for row in rows(page).all()]


def select(page, *runs):
    """Ticks runs."""
    for run in runs:
        page.get_by_label(f"Select {run}", exact=True).check()


def test_sorted_by_a_column_of_the_summary(table):
    """The greatest first, then the least; a run that has none of it comes last."""
    loss = head(table, "train/loss")
    loss.get_by_role("button").click()
    expect(loss).to_have_attribute("aria-sort", "descending")

    def sorts(reverse):
        found = [float(said) for said in column(table, "train/loss") if said != "–"]
        return len(found) == 4 and found == sorted(found, reverse=reverse)

    until(lambda: sorts(True), "the greatest first")
    loss.get_by_role("button").click()
    expect(loss).to_have_attribute("aria-sort", "ascending")
    until(lambda: sorts(False), "the least first")
    expect(table).to_have_url(re.compile("sort="))


@pytest.mark.fast
def test_filtered_and_searched(table):
    """By a filter, by a part of the name; nothing found is said."""
    table.get_by_label("Filter runs").fill("config.optimizer = adam")
    expect(rows(table)).to_have_count(2)
    assert sorted(names(table)) == ["trial-2", "trial-3"]
    table.get_by_label("Search runs by name").fill("3$")
    expect(rows(table)).to_have_count(1)
    assert names(table) == ["trial-3"]
    table.get_by_label("Search runs by name").fill("no such")
    expect(table.get_by_text("No run passes")).to_be_visible()


def test_columns_are_chosen_and_pinned(table):
    """A column comes, goes, and stays in sight while the others are scrolled away; the address says it."""
    table.get_by_role("button", name="Columns").click()
    choice = table.get_by_role("group", name="Columns")
    choice.get_by_label("Search columns").fill("model")
    choice.get_by_role("checkbox", name="config.model.depth").uncheck()
    expect(head(table, "model.depth")).to_have_count(0)
    choice.get_by_role("checkbox", name="config.model.depth").check()
    expect(head(table, "model.depth")).to_be_visible()
    choice.get_by_role("button", name="Pin config.model.depth").click()
    table.keyboard.press("Escape")
    expect(table.get_by_role("button", name="Columns")).to_have_attribute("aria-expanded", "false")
    assert sorted(column(table, "model.depth")) == ["2", "3", "4", "5", "–"]
    table.get_by_role("table", name="Runs").evaluate("grid => grid.scrollTo(grid.scrollWidth, 0)")
    expect(head(table, "model.depth")).to_be_in_viewport()
    expect(head(table, "State")).not_to_be_in_viewport()
    table.reload()
    expect(rows(table)).to_have_count(5)
    expect(head(table, "model.depth")).to_be_visible()


def test_two_runs_side_by_side(table):
    """Only what differs, then all there is; alike fields are not in the first."""
    select(table, "trial-0", "trial-2")
    expect(table.get_by_text("2 runs selected")).to_be_visible()
    table.get_by_role("link", name="Compare").click()
    expect(table.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    beside = table.get_by_role("region", name="Comparison")
    differs = beside.get_by_role("row").filter(has=table.get_by_role("rowheader", name="optimizer", exact=True))
    expect(differs).to_contain_text("sgd")
    expect(differs).to_contain_text("adam")
    alike = beside.get_by_role("rowheader", name="model.width", exact=True)
    expect(alike).to_have_count(0)
    table.get_by_label("Differences only").uncheck()
    expect(alike).to_be_visible()


def test_tagged_together(opened, home, spare):
    """Two runs get a tag in one go; the daemon has it."""
    page = opened("/lab/stream/table")
    select(page, "spare-a", "spare-b")
    page.get_by_role("button", name="Tag…").click()
    page.get_by_label("Add, separated by commas").fill("keep, again")
    page.get_by_role("dialog").get_by_role("button", name="Tag", exact=True).click()
    expect(page.get_by_text("Tagged: 2 of 2")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="spare-a")).to_contain_text("keep")
    tags = [run_of(home, run, project="stream")["tags"] or [] for run in spare]
    assert tags == [["keep", "again"], ["keep", "again"], []]


def test_deleted_after_a_question(opened, home, spare):
    """Kept, then deleted: it is gone from the table and from the daemon."""
    page = opened("/lab/stream/table")
    select(page, "spare-c")
    page.get_by_role("button", name="Delete…").click()
    question = page.get_by_role("dialog", name="Delete 1 run?")
    expect(question).to_contain_text("spare-c")
    question.get_by_role("button", name="Keep it").click()
    assert run_of(home, spare[2], project="stream") is not None
    page.get_by_role("button", name="Delete…").click()
    question.get_by_role("button", name="Delete 1 run").click()
    expect(page.get_by_role("row").filter(has_text="spare-c")).to_have_count(0)
    assert run_of(home, spare[2], project="stream") is None
    listed = asked(home, "/v1/runs?entity=lab&project=stream")["runs"]
    assert spare[2] not in [run["run"] for run in listed]
    expect(page.get_by_role("row").filter(has_text="spare-b")).to_be_visible()


@pytest.mark.narrow
def test_the_table_on_a_phone(opened, study):
    """The table scrolls, the page does not."""
    page = opened(TABLE)
    expect(rows(page)).to_have_count(5)
    expect(page.get_by_role("link", name="trial-3")).to_be_in_viewport()
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    expect(page).to_have_url(re.compile("/table"))
