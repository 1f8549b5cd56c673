"""The console as a person would have seen it at the end."""

import pytest

from support.sdk import ENTITY

pytestmark = pytest.mark.story("console")


@pytest.fixture
def lines(api, story):
    return list(api.run(f"{ENTITY}/console/{story['id']}").console_logs())


def test_lines_and_their_streams(lines):
    level = {line.content: line.level for line in lines}
    assert level["plain line"] in (None, "", "info")
    assert level["to the other stream"] == "error"
    for text in ["two", "lines at once", "ünïcode ☃ 漢字", "x" * 3000, "no newline yet, and now"]:
        assert [line.content for line in lines].count(text) == 1, text[:50]
    assert any("green" in line.content and "plain" in line.content for line in lines)


def test_a_bar_is_one_line(lines):
    bars = [line.content for line in lines if line.content.startswith("bar ")]
    assert bars == ["bar 100%|##########|"]


def test_order_and_numbers(lines):
    numbers = [line.number for line in lines]
    assert numbers == sorted(set(numbers))
    counted = [line.content for line in lines if line.content.startswith("line ")]
    assert counted == [f"line {number:03d}" for number in range(200)]


def test_pages_and_the_last(api, story):
    run = api.run(f"{ENTITY}/console/{story['id']}")
    whole = [line.content for line in run.console_logs()]
    assert [line.content for line in run.console_logs(per_page=7)] == whole
    assert [line.content for line in run.console_logs(last=5)] == whole[-5:]


def test_the_file(api, story, tmp_path):
    run = api.run(f"{ENTITY}/console/{story['id']}")
    with run.file("output.log").download(root=str(tmp_path)) as file:
        text = file.read()
    assert "line 199" in text and "plain line" in text
