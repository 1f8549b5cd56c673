"""A report: read, edited, kept as a file, cloned and deleted in the browser, and read again by the SDK."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from support.home import until

TITLE = "What the study found"


@pytest.fixture
def report(study):
    """The path of the study's report, as the SDK printed it."""
    return urlsplit(study["report"]).path


def panel(page, title):
    """A panel by its title."""
    return page.get_by_role("region", name="Panels").locator(".panels-cell").filter(has_text=title)


COLOURED = """chart => [...chart.querySelectorAll('canvas')].some(canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let coloured = 0;
    for (let at = 0; at < data.length; at += 4) {
        const [least, most] = [Math.min(data[at], data[at + 1], data[at + 2]), Math.max(data[at], data[at + 1], data[at + 2])];
        if (data[at + 3] > 128 && most - least > 60) coloured += 1;
    }
    return coloured > 50;
})"""


def expect_lines(page, title):
    """Lines are drawn in a chart."""
    chart = page.get_by_test_id(f"chart-{title}")
    expect(chart.locator("canvas").first).to_be_visible()
    until(lambda: chart.evaluate(COLOURED), f"lines in {title}")
    return chart


def expect_the_report(page):
    """Every kind of block and panel of it is there to be seen."""
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(page.get_by_role("heading", name="Losses")).to_be_visible()
    expect(page.locator("strong", has_text="fell")).to_be_visible()
    expect(page.locator("math").first).to_contain_text("m")
    expect(page.get_by_label("Code, python")).to_contain_text("print('three')")
    expect(page.get_by_role("listitem").filter(has_text=re.compile("^one$"))).to_be_visible()
    expect(page.get_by_role("complementary").filter(has_text="Mind the rate.")).to_be_visible()


def block(page, text):
    """A block that is edited, by what it says."""
    return page.get_by_role("region").filter(has_text=text).filter(has=page.get_by_role("button", name=re.compile("^Remove .* \\d+$")))


def cloned(page):
    """On the page of a copy of the report, made by its menu."""
    page.get_by_role("button", name="Clone or delete").click()
    page.get_by_role("button", name="Clone", exact=True).click()
    expect(page.get_by_role("heading", name=f"Copy of {TITLE}")).to_be_visible()


@pytest.mark.fast
def test_a_report_is_read(opened, report):
    """From the address that the SDK printed: text, formula, code, list, panels."""
    page = opened(report)
    expect_the_report(page)
    page.get_by_role("navigation", name="Table of contents").get_by_role("link", name="Formula").click()
    expect(page.get_by_role("heading", name="Formula")).to_be_in_viewport()
    expect(page).to_have_url(re.compile("#"))
    page.get_by_role("heading", name="Losses").scroll_into_view_if_needed()
    chart = expect_lines(page, "Loss by step")
    expect(chart.get_by_role("img", name="Loss by step: 4 lines along step")).to_be_visible()
    for title in ("Best", "Accuracy", "Rate and loss"):
        expect(panel(page, title)).to_be_visible()
    expect(panel(page, "Best").locator("svg")).to_be_visible()
    expect(panel(page, "Rate and loss").locator("svg, canvas").first).to_be_visible()
    expect(panel(page, "Accuracy")).to_contain_text(re.compile(r"0\.\d+"))
    expect(page.get_by_role("region", name="Panels")).to_contain_text("Trials")


def test_a_report_is_found_in_its_project(opened, report, study):
    """The list, its search, and a click."""
    page = opened(f"/{study['entity']}/study/reports")
    page.get_by_role("searchbox", name="Search reports").fill("no such thing")
    expect(page.get_by_text("No report says “no such thing”")).to_be_visible()
    page.get_by_role("searchbox", name="Search reports").fill("study found")
    page.get_by_role("list", name="Reports").get_by_role("link", name=TITLE, exact=True).click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def test_a_report_is_edited_and_read_by_the_sdk(opened, report, told):
    """Text changed, a block and a panel added, saved; it is there after a reload, and for Python."""
    page = opened(report)
    cloned(page)
    page.get_by_role("button", name="Edit", exact=True).click()
    text = block(page, "The rates differ.")
    text.get_by_role("button", name=re.compile("^Edit")).click()
    page.get_by_label("Markdown", exact=True).fill("The rates **differ** much.")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name=re.compile("^Add a block after Text")).first.click()
    page.get_by_role("button", name="Markdown", exact=True).click()
    page.get_by_label("Markdown", exact=True).fill("Added *here*.")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Add a panel").click()
    page.get_by_role("button", name="Line plot").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title", exact=True).fill("Validation")
    dialog.get_by_label("Metrics", exact=True).fill("val/loss")
    dialog.get_by_label("Metrics", exact=True).press("Enter")
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_visible()
    page.reload()
    expect(page.locator("em", has_text="here")).to_be_visible()
    expect(page.locator("strong", has_text="differ")).to_be_visible()
    expect_lines(page, "Validation")
    read = told("report_read", page.url)
    assert read["title"] == f"Copy of {TITLE}"
    assert "Added *here*." in read["texts"]
    assert ["LinePlot", "Validation"] in read["panels"]
    assert ["val/loss"] in read["metrics"]
    assert read["kinds"].count("LatexBlock") == read["kinds"].count("CalloutBlock") == 1


def test_what_was_done_is_undone(opened, report):
    """Step by step, and left as it was."""
    page = opened(report)
    page.get_by_role("button", name="Edit", exact=True).click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    page.get_by_label("Title", exact=True).fill("Something else")
    block(page, "Mind the rate.").get_by_role("button", name=re.compile("^Remove")).click()
    expect(page.get_by_text("Mind the rate.")).to_have_count(0)
    undo.click()
    expect(page.get_by_text("Mind the rate.")).to_be_visible()
    undo.click()
    expect(page.get_by_label("Title", exact=True)).to_have_value(TITLE)
    page.get_by_role("button", name="Redo").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Something else")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def test_a_report_is_kept_as_a_file(opened, chromium, report, tmp_path):
    """The file opens without a server, runs no script and asks nobody."""
    page = opened(report)
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download HTML").click()
    assert download.value.suggested_filename == f"{TITLE}.html"
    file = tmp_path / "report.html"
    download.value.save_as(file)
    context = chromium.new_context(java_script_enabled=False, offline=True)
    alone = context.new_page()
    asked, said = [], []
    alone.on("request", lambda request: asked.append(request.url))
    alone.on("console", lambda message: said.append(message.text))
    alone.goto(file.as_uri())
    expect_the_report(alone)
    lines = panel(alone, "Loss by step").locator("svg").first
    expect(lines.locator("path").first).to_be_attached()
    assert lines.get_by_text("trial-0").bounding_box()["height"] > 9, "it can be read"
    expect(panel(alone, "Best").locator("svg")).to_be_visible()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    assert "<script" not in file.read_text()
    context.close()


def test_a_report_is_cloned_and_deleted(opened, report, study):
    """The copy goes after a question; what it was made of stays."""
    page = opened(report)
    cloned(page)
    copy = page.url
    page.get_by_role("button", name="Clone or delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete report").click()
    expect(page.get_by_role("heading", name="Reports")).to_be_visible()
    expect(page.get_by_role("link", name=TITLE, exact=True)).to_be_visible()
    links = page.get_by_role("list", name="Reports").get_by_role("link")
    assert urlsplit(copy).path not in [link.get_attribute("href") for link in links.all()]


def test_a_report_is_begun(opened, study):
    """From nothing to a saved page."""
    page = opened(f"/{study['entity']}/study/reports")
    page.get_by_role("button", name="New report").click()
    page.get_by_label("Title", exact=True).fill("A new one")
    page.get_by_role("button", name=re.compile("^Add a block")).first.click()
    page.get_by_role("button", name="Heading", exact=True).click()
    page.get_by_label("Markdown", exact=True).fill("## Begun")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="A new one")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Begun")).to_be_visible()


def test_the_report_at_the_hub(opened, report, hub):
    """After the sync it is the same there."""
    page = opened(report, there=hub)
    expect_the_report(page)
    expect(page.get_by_text("here only")).to_have_count(0)
    expect_lines(page, "Loss by step")


@pytest.mark.narrow
def test_a_report_on_a_phone(opened, report):
    """Nothing makes the page scroll sideways; panels are one under the other."""
    page = opened(report)
    expect_the_report(page)
    expect_lines(page, "Loss by step")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
