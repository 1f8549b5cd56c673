"""A run's page: what it is, what it printed, its files and its media; edits reach the daemon."""

import re

import pytest
from playwright.sync_api import expect
from seen import plot, run_of

from support.home import until
from support.sdk import Script

RUN = "/lab/study/runs"


@pytest.fixture
def first(study):
    """The path of the first trial, which has a table, a page and a file."""
    return f"{RUN}/{study['runs'][0]['id']}"


@pytest.fixture(scope="module")
def spare(told):
    """A run that may be changed: its id."""
    return told("stream", 3, 0, "spare")["id"]


@pytest.fixture
def going(home, below):
    """A run that goes on until its end is waited for."""
    script = Script("stream", home.wandb_variables(), 600, 0.1, "going", below=below)
    yield script
    if script.process.poll() is None:
        script.process.terminate()
    script.process.communicate(timeout=60)


def fact(page, part, name):
    """What a list of facts says under a name."""
    listed = page.get_by_role("region", name=part, exact=True).locator("div", has=page.get_by_role("term").get_by_text(name, exact=True))
    return listed.get_by_role("definition")


def tabs(page):
    """The run's tabs."""
    return page.get_by_role("navigation", name="Tabs of the run")


def tab(page, name):
    """Opens a tab of the run."""
    tabs(page).get_by_role("link", name=name).click()


@pytest.mark.fast
def test_the_overview(opened, study, first):
    """State, config, summary, and where and how it ran."""
    page = opened(first)
    expect(page.get_by_role("heading", level=1)).to_contain_text("trial-0")
    expect(page.get_by_role("heading", name="Config")).to_be_visible()
    config = page.get_by_role("region", name="Config")
    expect(config).to_contain_text("optimizer")
    expect(config).to_contain_text("sgd")
    expect(config).to_contain_text("0.01")
    summary = page.get_by_role("region", name="Summary")
    expect(summary).to_contain_text("train/accuracy")
    expect(fact(page, "Run", "Id")).to_contain_text(study["runs"][0]["id"])
    expect(fact(page, "Run", "State")).to_contain_text("finished")
    expect(fact(page, "Run", "Group")).to_contain_text("sgd")
    expect(page.get_by_role("region", name="Machine")).to_contain_text("Linux")
    expect(page.get_by_role("region", name="Program")).to_contain_text("showcase.py")


def test_name_and_notes_are_edited(opened, home, spare):
    """Both are saved where the run is; the notes are markdown."""
    page = opened(f"/lab/stream/runs/{spare}")
    page.get_by_role("button", name="Edit the name").click()
    page.get_by_label("Name of the run").fill("a better name")
    page.get_by_label("Name of the run").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("a better name")
    page.get_by_role("button", name="Write notes").click()
    page.get_by_label("Notes, in markdown").fill("It **fell** at last.")
    page.get_by_role("button", name="Save notes").click()
    expect(page.get_by_role("region", name="Notes").locator("strong")).to_have_text("fell")
    page.get_by_label("Add a tag").fill("seen")
    page.get_by_label("Add a tag").press("Enter")
    expect(page.get_by_role("button", name="Remove tag seen")).to_be_visible()
    run = run_of(home, spare, project="stream")
    assert (run["name"], run["notes"], run["tags"]) == ("a better name", "It **fell** at last.", ["seen"])


def test_the_log(opened, first):
    """With the terminal's colours; found lines are gone through both ways."""
    page = opened(f"{first}/logs")
    lines = page.get_by_role("log", name="Console")
    expect(lines).to_contain_text("step 59: loss")
    word = lines.get_by_text("loss", exact=True).last
    plain = lines.evaluate("log => getComputedStyle(log).color")
    assert word.evaluate("word => getComputedStyle(word).color") != plain, "green, as it was printed"
    find = page.get_by_label("Search the log")
    find.fill("step 1")
    said = page.get_by_role("search").get_by_role("status")
    expect(said).to_have_text("11 lines")
    find.press("Enter")
    expect(said).to_contain_text(re.compile(r"^\d+ of 11"))
    page.get_by_role("button", name="Next match").click()
    before = said.inner_text()
    page.get_by_role("button", name="Previous match").click()
    expect(said).not_to_have_text(before)
    expect(lines.locator("mark").first).to_be_visible()
    expect(lines.locator(".current")).to_be_in_viewport()


def test_the_log_is_followed_and_the_run_stopped(opened, home, going):
    """Lines come as they are printed; Stop asks the program to stop, which does."""
    told = until(lambda: (going.peek() or {}).get("logged", 0) > 2 and going.peek(), "the run has begun")
    page = opened(f"/lab/stream/runs/{told['id']}/logs")
    lines = page.get_by_role("log", name="Console")
    expect(lines).to_contain_text("row 1")
    here = going.peek()["logged"]
    expect(lines).to_contain_text(f"row {here + 20}")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("The program is asked to stop")).to_be_visible()
    until(lambda: run_of(home, told["id"], project="stream")["state"] != "running", "the run has stopped")
    assert going.process.wait(60) != 0
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)


def test_charts_of_one_run(opened, first, study):
    """Its metrics as lines."""
    page = opened(first)
    tab(page, "Charts")
    expect(plot(page, "train/loss")).to_have_attribute("aria-label", "train/loss: 1 line along step")
    expect(plot(page, "val/loss")).to_be_visible()


def test_system_metrics(opened, going, home):
    """What the machine did: panels by device."""
    told = until(lambda: (going.peek() or {}).get("logged", 0) > 2 and going.peek(), "the run has begun")
    page = opened(f"/lab/stream/runs/{told['id']}/system")
    expect(page.get_by_role("figure").first).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(re.compile("cpu", re.IGNORECASE))
    expect(page.get_by_role("figure").first.get_by_role("img")).to_have_attribute("aria-label", re.compile("along time since the start"))


def test_files_are_looked_at_and_downloaded(opened, first):
    """Markdown is rendered; the file that comes is the file that was saved."""
    page = opened(first)
    tab(page, "Files")
    page.get_by_role("button", name=re.compile("notes.md")).click()
    shown = page.get_by_role("region", name="Preview of notes.md")
    expect(shown.get_by_role("heading", name="Notes")).to_be_visible()
    expect(shown.locator("strong").filter(has_text="bold")).to_be_visible()
    with page.expect_download() as came:
        shown.get_by_role("button", name="Download notes.md").click()
    assert came.value.suggested_filename == "notes.md"
    assert came.value.path().read_text() == "# Notes\n\nA **bold** word.\n"


def test_html_is_shown_in_a_frame_of_its_own(opened, first):
    """The page says what it says; it has no origin of ours."""
    page = opened(f"{first}/charts")
    panel = page.get_by_test_id("media-page")
    panel.scroll_into_view_if_needed()
    frame = panel.locator("iframe")
    expect(frame).to_have_attribute("sandbox", "allow-scripts")
    expect(frame.content_frame.locator("#said")).to_have_text("a page of its own")


def test_artifacts_of_a_run(opened, first):
    """What it logged, with a link to the version."""
    page = opened(first)
    tab(page, "Artifacts")
    logged = page.get_by_role("region", name="Logged by this run")
    logged.get_by_role("link", name="digits-net:v0").click()
    expect(page).to_have_url(re.compile("/lab/study/artifacts/model/digits-net/v0"))


def test_media_by_the_arrow_keys(opened, first):
    """Pictures of three steps; the histogram and the table beside them."""
    page = opened(f"{first}/charts")
    panel = page.get_by_test_id("media-samples")
    panel.scroll_into_view_if_needed()
    slider = panel.get_by_label("Step of samples")
    expect(slider).to_have_attribute("aria-valuetext", "step 40")
    expect(panel.get_by_text("step 40").last).to_be_visible()
    slider.focus()
    slider.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "step 20")
    slider.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "step 0")
    picture = panel.get_by_role("img").last
    expect(picture).to_be_visible()
    expect(panel.locator("figcaption")).to_have_text("step 0")
    weights = page.get_by_test_id("media-weights")
    weights.scroll_into_view_if_needed()
    expect(weights.get_by_role("img", name=re.compile("^3 histograms over steps 0 to 40"))).to_be_visible()
    expect(weights.get_by_role("img", name=re.compile("^Histogram of 200 values"))).to_be_visible()
    examples = page.get_by_test_id("media-examples")
    examples.scroll_into_view_if_needed()
    expect(examples.get_by_role("row").filter(has_text="three")).to_contain_text("0.9")


@pytest.mark.narrow
def test_a_run_on_a_phone(opened, first):
    """Every tab is as wide as the screen; the loss is there."""
    page = opened(first)
    for name in ("Overview", "System", "Logs", "Files", "Artifacts", "Charts"):
        tab(page, name)
        expect(tabs(page).get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        expect(page.locator("#main .loading")).to_have_count(0)
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), name
    plot(page, "train/loss").scroll_into_view_if_needed()
    expect(plot(page, "train/loss")).to_be_in_viewport()
    expect(plot(page, "val/loss")).to_be_visible()
