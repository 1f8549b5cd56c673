"""What tests look at in the dashboard's pages, and what they ask the server to compare it with."""

import json
import re

from playwright.sync_api import expect

from support.home import body_of, until

INK = """
(box, color) => {
    const canvas = box.querySelector("canvas:not(.chart-above)");
    if (!canvas) return 0;
    const wanted = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] > 200 && wanted.every((part, which) => Math.abs(part - data[at + which]) < 12)) found += 1;
    return found;
}
"""


def asked(home, path):
    """What the daemon says itself."""
    body = body_of(home.socket, path)
    return body and json.loads(body)


def run_of(home, run, project="study", entity="lab"):
    """A run as the daemon has it."""
    return asked(home, f"/v1/runs/{entity}/{project}/{run}")


def chart(page, key):
    """The chart of a metric; it is told apart from others by its title."""
    return page.get_by_test_id(f"chart-{key}")


def plot(page, key):
    """Where a chart's lines are."""
    return chart(page, key).get_by_role("img")


def expect_lines(page, key, lines, along="step"):
    """A chart has so many lines."""
    count = "1 line" if lines == 1 else f"{lines} lines"
    expect(plot(page, key)).to_have_attribute("aria-label", f"{key}: {count} along {along}")


def ink(page, key, color):
    """How many points of a chart's picture have this colour."""
    return plot(page, key).evaluate(INK, color)


def expect_ink(page, key, color):
    """A line of this colour is drawn."""
    until(lambda: ink(page, key, color) > 20, f"{key} has a line of {color}")


def hover(page, key, across, down):
    """Moves the mouse over a chart, to a part of its plot's width and height; says what is told there."""
    over = plot(page, key).locator(".u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    page.mouse.move(box["x"] + box["width"] * across - 1, box["y"] + box["height"] * down)
    page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
    return plot(page, key).locator(".chart-tip")


def drag(page, key, start, end):
    """Drags over a part of a chart's width."""
    over = plot(page, key).locator(".u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, middle)
    page.mouse.move(box["x"] + box["width"] * end, middle)
    page.mouse.up()


def number_in(text):
    """The first number of a text, as people write it."""
    found = re.search(r"[\d,.]*\d", text)
    return found and float(found.group().replace(",", ""))
