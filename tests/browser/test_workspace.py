"""The workspace: each thing that it can do, done once as a person would."""

import json
import re

import pytest
from playwright.sync_api import expect
from seen import chart, drag, expect_ink, expect_lines, hover, ink, number_in, plot

from support.home import until
from support.sdk import Script

LOSS = "train/loss"
WORKSPACE = "/lab/study"
TRIALS = 4


@pytest.fixture
def workspace(opened, study):
    """The study's workspace, its loss drawn."""
    page = opened(WORKSPACE)
    expect_lines(page, LOSS, TRIALS)
    return page


@pytest.fixture(scope="module")
def long(told):
    """A run of more points than a chart has pixels."""
    return told("stream", 4000, 0, "long")


def runs_listed(page):
    """The names in the list of runs, from the top."""
    rows = page.get_by_role("complementary", name="Runs of the project").get_by_role("listitem")
    return [row.get_by_role("link").inner_text() for row in rows.all()]


def swatch(page, run):
    """Where a run's colour is chosen."""
    return page.get_by_label(f"Colour of {run}", exact=True)


@pytest.mark.fast
def test_the_loss_is_found_without_a_manual(opened, study):
    """From the front page by one click on the project's name: the curve is there, and named."""
    page = opened()
    page.get_by_role("main").get_by_role("link", name="study").click()
    expect_lines(page, LOSS, TRIALS)
    expect(plot(page, LOSS)).to_be_in_viewport()
    for number in range(TRIALS):
        expect_ink(page, LOSS, swatch(page, f"trial-{number}").input_value())
    expect(chart(page, LOSS)).to_contain_text(LOSS)


def test_sections_by_prefix_fold_and_open(workspace):
    """A fold is kept in the address."""
    train = workspace.get_by_role("button", name="train 2")
    train.click()
    expect(train).to_have_attribute("aria-expanded", "false")
    expect(chart(workspace, LOSS)).to_have_count(0)
    expect(workspace).to_have_url(re.compile(r"[?&]fold=train"))
    workspace.reload()
    expect(train).to_have_attribute("aria-expanded", "false")
    train.click()
    expect_lines(workspace, LOSS, TRIALS)


def test_metrics_are_searched(workspace):
    """By a regular expression; a search that finds nothing says so."""
    search = workspace.get_by_label("Search metrics")
    search.fill("^val/")
    expect(chart(workspace, "val/loss")).to_be_visible()
    expect(chart(workspace, LOSS)).to_have_count(0)
    search.fill("nothing like it")
    expect(workspace.get_by_text("No metric is called so")).to_be_visible()
    search.fill("")
    expect_lines(workspace, LOSS, TRIALS)


def test_smoothing_keeps_what_was_logged(workspace):
    """The slider smooths every chart; the tooltip says the smoothed value and the logged one."""
    slider = workspace.get_by_role("toolbar", name="Charts").get_by_label("Smoothing")
    slider.focus()
    slider.press("End")
    expect(slider).to_have_value("0.99")
    slider.fill("0.9")
    tip = hover(workspace, LOSS, 0.5, 0.5)
    expect(tip).to_contain_text(re.compile(r"logged \d"))
    expect(workspace).to_have_url(re.compile(r"[?&]o="))


def test_x_axis_and_logarithmic_y(workspace):
    """Along another metric, along time, and with a logarithmic y."""
    tools = workspace.get_by_role("toolbar", name="Charts")
    tools.get_by_label("X axis").select_option("epoch")
    expect_lines(workspace, LOSS, TRIALS, along="epoch")
    expect(hover(workspace, LOSS, 0.95, 0.5)).to_contain_text("5")
    tools.get_by_label("X axis").select_option("time since the start")
    expect_lines(workspace, LOSS, TRIALS, along="time since the start")
    tools.get_by_label("X axis").select_option("step")
    expect_lines(workspace, LOSS, TRIALS)
    color = swatch(workspace, "trial-0").input_value()
    expect_ink(workspace, LOSS, color)
    before = plot(workspace, LOSS).locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    tools.get_by_role("button", name="Chart settings").click()
    tools.get_by_label("Logarithmic y").check()
    tools.get_by_role("button", name="Chart settings").click()

    def redrawn():
        now = plot(workspace, LOSS).locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
        return now != before and ink(workspace, LOSS, color) > 20

    until(redrawn, "the chart with a logarithmic y")


def test_a_drag_zooms_and_a_double_click_resets(opened, long):
    """Finer data come for what is in sight; nothing else moves."""
    page = opened("/lab/stream?f=name+%3D+long")
    expect_lines(page, "square", 1)
    ours = lambda request: request.url.endswith("/v1/series") and "from" in json.loads(request.post_data)
    with page.expect_response(lambda response: ours(response.request)) as answered:
        drag(page, "square", 0.4, 0.5)
    asked = json.loads(answered.value.request.post_data)
    assert 1300 < asked["from"] < asked["to"] < 2300, asked
    [series] = [one for one in answered.value.json()["series"] if one["key"] == "square"]
    inside = [x for x in series["x"] if 1650 <= x <= 1950]
    assert len(inside) > 100, "every tenth of the run has as many points as all of it had"
    reset = chart(page, "square").get_by_role("button", name="Reset zoom")
    expect(reset).to_be_visible()
    tip = hover(page, "square", 0.5, 0.5)
    until(lambda: 1700 < (number_in(tip.inner_text()) or 0) < 1900, "the middle of what is in sight")
    plot(page, "square").locator(".u-over").dblclick()
    expect(reset).to_have_count(0)
    hover(page, "square", 0.98, 0.5)
    until(lambda: (number_in(tip.inner_text()) or 0) > 3800, "the end of the whole line")


def test_the_mouse_names_the_nearest_run(workspace):
    """Above is the slowest trial, beneath the fastest; the other charts point at the same run."""
    tip = hover(workspace, LOSS, 0.15, 0.05)
    expect(tip.locator(".first")).to_contain_text("trial-0")
    hover(workspace, LOSS, 0.15, 0.98)
    expect(tip.locator(".first")).to_contain_text("trial-3")
    expect(plot(workspace, "train/accuracy").locator(".chart-tip")).to_be_visible()


def test_an_eye_hides_a_run(workspace):
    """Its line is gone from every chart, and comes back."""
    eye = workspace.get_by_role("button", name="Show trial-0")
    # One of its own: two runs may have been given the same.
    color = "#12ab34"
    swatch(workspace, "trial-0").fill(color)
    expect_ink(workspace, LOSS, color)
    eye.click()
    expect(eye).to_have_attribute("aria-pressed", "false")
    expect_lines(workspace, LOSS, TRIALS - 1)
    until(lambda: ink(workspace, LOSS, color) == 0, "no line of the hidden run")
    expect(workspace).to_have_url(re.compile(r"[?&]eyes="))
    eye.click()
    expect_lines(workspace, LOSS, TRIALS)


def test_grouped_by_config(workspace):
    """Two optimizers: two means, each with the band of its runs."""
    workspace.get_by_role("combobox", name="Group").select_option("config.optimizer")
    expect_lines(workspace, LOSS, 2)
    tip = hover(workspace, LOSS, 0.2, 0.05)
    expect(tip).to_contain_text("optimizer: sgd")
    expect(tip).to_contain_text("optimizer: adam")
    expect(tip).to_contain_text(re.compile(r"from \S+ to \S+"))
    workspace.get_by_role("button", name="▸ optimizer: adam").click()
    expect(workspace.get_by_role("link", name="trial-3")).to_be_visible()
    workspace.get_by_role("button", name="Do not group by config.optimizer").click()
    expect_lines(workspace, LOSS, TRIALS)


def test_the_filter_language(workspace):
    """It leaves the right runs; what is wrong in it is said, with where."""
    box = workspace.get_by_label("Filter runs")
    box.fill("config.lr > 0.015")
    expect(workspace.get_by_text("3 of 3 runs shown")).to_be_visible()
    assert sorted(runs_listed(workspace)) == ["trial-1", "trial-2", "trial-3"]
    expect_lines(workspace, LOSS, 3)
    box.fill("config.lr > 0.015 and optimizer ! sgd")
    wrong = workspace.get_by_role("status").filter(has=workspace.locator("mark"))
    expect(wrong.locator("mark")).to_have_text("! sgd")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect_lines(workspace, LOSS, 3)
    box.fill("config.lr > 0.015 and config.optimizer = adam and not (name = trial-3)")
    expect_lines(workspace, LOSS, 1)
    assert runs_listed(workspace) == ["trial-2"]
    box.fill("config.lr > 9")
    expect(workspace.get_by_text("No run passes")).to_be_visible()


def test_the_view_is_in_the_address(workspace, opened):
    """Somebody else opens the address and sees the same."""
    workspace.get_by_label("Filter runs").fill("config.lr > 0.015")
    workspace.get_by_label("Search metrics").fill("loss")
    workspace.get_by_role("toolbar", name="Charts").get_by_label("Smoothing").fill("0.6")
    workspace.get_by_role("button", name="Show trial-2").click()
    expect_lines(workspace, LOSS, 2)
    expect(workspace).to_have_url(re.compile(r"\?(?=.*\bf=)(?=.*\bm=)(?=.*\bo=)(?=.*\beyes=)"))
    path = "/" + workspace.url.split("/", 3)[3]
    other = opened(path)
    expect_lines(other, LOSS, 2)
    expect(other.get_by_label("Filter runs")).to_have_value("config.lr > 0.015")
    expect(other.get_by_label("Search metrics")).to_have_value("loss")
    expect(other.get_by_role("toolbar", name="Charts").get_by_label("Smoothing")).to_have_value("0.6")
    expect(other.get_by_role("button", name="Show trial-2")).to_have_attribute("aria-pressed", "false")


def test_a_colour_is_chosen_and_stays(workspace):
    """Runs keep their colours over pages; a chosen one is drawn at once and kept."""
    own = swatch(workspace, "trial-1").input_value()
    swatch(workspace, "trial-0").fill("#d000d0")
    expect_ink(workspace, LOSS, "#d000d0")
    workspace.reload()
    expect(swatch(workspace, "trial-0")).to_have_value("#d000d0")
    expect(swatch(workspace, "trial-1")).to_have_value(own)
    workspace.goto(workspace.url.split("?")[0] + "/table")
    expect(workspace.get_by_role("row", name="trial-0").get_by_label("Colour of trial-0")).to_have_value("#d000d0")


def test_a_line_grows_while_it_is_looked_at(opened, home, below):
    """A run begins and logs: it is on the page, and gets longer, without a reload and without polling."""
    page = opened("/lab/stream?f=name+%3D+growing")
    script = Script("stream", home.wandb_variables(), 400, 0.05, "growing", below=below)
    try:
        expect(page.get_by_role("link", name="growing")).to_be_visible()
        expect_lines(page, "square", 1)

        def end():
            tip = hover(page, "square", 0.995, 0.5)
            return number_in(tip.inner_text()) if tip.is_visible() else None

        first = until(end, "a point of the line")
        until(lambda: (end() or 0) > first + 40, "forty more steps")
        expect(page.get_by_role("img", name="running")).to_be_visible()
    finally:
        script.wait().expect(0)
    expect(page.get_by_role("img", name="finished")).to_be_visible()


@pytest.mark.fast
def test_keys_search_and_help(workspace):
    """Ctrl K opens a run by its name; `?` says what keys do; `g t` goes to the table."""
    workspace.keyboard.press("Control+k")
    workspace.get_by_role("dialog", name="Search").get_by_role("combobox").fill("trial-2")
    expect(workspace.get_by_role("option").first).to_contain_text("trial-2")
    workspace.keyboard.press("Enter")
    expect(workspace.get_by_role("heading", level=1)).to_contain_text("trial-2")
    workspace.keyboard.press("?")
    expect(workspace.get_by_role("dialog", name="Keys")).to_contain_text("Go to its table of runs")
    workspace.keyboard.press("Escape")
    expect(workspace.get_by_role("dialog")).to_have_count(0)
    workspace.keyboard.press("g")
    workspace.keyboard.press("t")
    expect(workspace.get_by_role("table", name="Runs")).to_be_visible()


def test_the_theme_is_switched(workspace):
    """Dark at once, the charts as well, and after a reload."""
    ground = "getComputedStyle(document.body).backgroundColor"
    assert workspace.evaluate(ground) == "rgb(255, 255, 255)"
    workspace.get_by_role("button", name="More").click()
    workspace.get_by_role("radio", name="Dark").click()
    dark = workspace.evaluate(ground)
    assert dark != "rgb(255, 255, 255)"
    workspace.reload()
    expect_lines(workspace, LOSS, TRIALS)
    assert workspace.evaluate(ground) == dark


def test_a_project_without_runs_says_how_one_begins(opened, home):
    """The command is there to be copied."""
    page = opened("/lab/nothing-yet")
    expect(page.get_by_text("No runs in nothing-yet yet")).to_be_visible()
    expect(page.get_by_text("pannier run -- python train.py")).to_be_visible()


def test_the_same_at_the_hub(opened, study, hub):
    """After the sync the study is there as well: curves, table, a run's page."""
    page = opened(WORKSPACE, there=hub)
    expect_lines(page, LOSS, TRIALS)
    page.get_by_role("navigation", name="Project").get_by_role("link", name="Table").click()
    expect(page.get_by_label(re.compile("^Select (trial|publish)"))).to_have_count(TRIALS + 1)
    page.get_by_role("link", name="trial-3").click()
    expect(page.get_by_role("region", name="Config")).to_contain_text("adam")
    expect(page.get_by_role("link", name="Logs")).to_be_visible()


@pytest.mark.narrow
def test_the_workspace_on_a_phone(opened, study):
    """The page is as wide as the screen, and the curve is there."""
    page = opened(WORKSPACE)
    page.get_by_role("region", name="train").scroll_into_view_if_needed()
    page.mouse.wheel(0, 600)
    expect_lines(page, LOSS, TRIALS)
    plot(page, LOSS).scroll_into_view_if_needed()
    expect(plot(page, LOSS)).to_be_in_viewport()
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
