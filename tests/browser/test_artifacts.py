"""The artifacts of a project: found, looked into, named, traced, used and deleted from their pages."""

import pathlib

import pytest
from playwright.sync_api import expect

NET = "study/digits-net"


def version_page(study, version, tab=""):
    """The path of a version of the study's net."""
    return f"/{study['entity']}/study/artifacts/model/digits-net/{version}{tab}"


def names_of(home, study, version):
    """The names that the daemon knows a version by."""
    shown = home.json("artifact", "show", f"{study['entity']}/{NET}:{version}")
    return {alias["alias"] if isinstance(alias, dict) else alias for alias in shown["aliases"]}


@pytest.mark.fast
def test_from_the_project_to_a_version(opened, study):
    """List, collection, version: each by a click."""
    page = opened(f"/{study['entity']}/study")
    page.get_by_role("link", name="Artifacts", exact=True).click()
    page.get_by_role("searchbox", name="Search artifacts").fill("digits")
    page.get_by_role("link", name="digits-net", exact=True).click()
    expect(page.get_by_role("heading", name="digits-net", exact=True)).to_be_visible()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="v1", exact=True))
    expect(row).to_contain_text("latest")
    row.get_by_role("link", name="v1", exact=True).click()
    expect(page.get_by_role("heading", name="digits-net:v1")).to_be_visible()
    expect(page.get_by_role("region", name="Linked to")).to_contain_text("wandb-registry-Model/Digits:v1")
    page.get_by_role("navigation", name="Above this version").get_by_role("link", name="digits-net").click()
    expect(page.get_by_role("link", name="v0", exact=True)).to_be_visible()


def test_an_alias_is_given_and_taken_away(opened, home, study):
    """On the page, and at the daemon; the history says who and when."""
    page = opened(version_page(study, "v0"))
    page.get_by_label("Alias to add").fill("best")
    page.get_by_role("button", name="Add alias").click()
    aliases = page.get_by_role("region", name="Aliases")
    expect(aliases.get_by_role("listitem").filter(has_text="best")).to_contain_text("moved here")
    assert "best" in names_of(home, study, "v0")
    page.get_by_role("link", name="History", exact=True).click()
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name="best", exact=True))
    expect(row).to_contain_text("v0")
    expect(row).to_contain_text("this machine")
    expect(row).to_contain_text("stands")
    expect(row).to_contain_text("by local")
    expect(row.locator("time")).to_be_visible()
    page.get_by_role("link", name="Overview", exact=True).click()
    page.get_by_role("button", name="Take best away").click()
    expect(aliases.get_by_text("best", exact=True)).to_have_count(0)
    assert "best" not in names_of(home, study, "v0")


def test_an_alias_given_elsewhere_shows_without_reload(opened, home, study, tmp_path):
    """What a script does is on the page that is open."""
    file = tmp_path / "live.txt"
    file.write_text("live")
    home.pannier("artifact", "put", str(file), "--name", f"{study['entity']}/shelf/live", "--type", "data")
    page = opened(f"/{study['entity']}/shelf/artifacts/data/live/v0")
    expect(page.get_by_role("heading", name="live:v0")).to_be_visible()
    home.pannier("artifact", "put", str(file), "--name", f"{study['entity']}/shelf/live", "--type", "data", "--alias", "seen")
    expect(page.get_by_role("region", name="Aliases").get_by_text("seen", exact=True)).to_be_visible()


def test_files_are_looked_into_and_downloaded(opened, study):
    """A file of the version, byte for byte."""
    page = opened(version_page(study, "v1"))
    page.get_by_role("link", name="Files", exact=True).click()
    page.get_by_role("button", name="weights.txt", exact=True).click()
    expect(page.get_by_role("region", name="Preview of weights.txt")).to_contain_text("weights of trial 1")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download weights.txt").click()
    assert download.value.suggested_filename == "weights.txt"
    assert pathlib.Path(download.value.path()).read_text() == "weights of trial 1"


def test_metadata_and_lines_to_use_it(opened, study):
    """What was said of it, and how scripts ask for it."""
    page = opened(version_page(study, "v1"))
    page.get_by_role("link", name="Metadata", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("trial")
    page.get_by_role("link", name="Use it", exact=True).click()
    code = page.get_by_role("region", name="wandb, in a run")
    expect(code).to_contain_text(f'use_artifact("{study["entity"]}/{NET}:v1")')
    page.get_by_label("Name it by").select_option("the alias latest")
    expect(code).to_contain_text(f'use_artifact("{study["entity"]}/{NET}:latest")')
    command = page.get_by_role("region", name="The command line")
    expect(command).to_contain_text(f"pannier artifact get {study['entity']}/{NET}:latest")


def test_lineage_leads_to_the_run(opened, study):
    """The drawing shows who made and who used it; a node is a link."""
    page = opened(version_page(study, "v0"))
    page.get_by_role("link", name="Lineage", exact=True).click()
    drawing = page.get_by_role("group", name="Lineage, in which data flows from left to right")
    expect(drawing.get_by_role("link", name="version digits-net:v0, model")).to_have_attribute("aria-current", "true")
    expect(drawing.get_by_role("link", name="run publish")).to_be_visible()
    expect(drawing.get_by_role("link", name="link to a registry Digits:v0")).to_be_visible()
    drawing.get_by_role("link", name="run trial-0").click()
    expect(page.get_by_role("heading", name="trial-0")).to_be_visible()
    assert page.url.split("?")[0].rstrip("/").endswith(f"/runs/{study['runs'][0]['id']}")


def test_a_version_is_deleted_after_a_question(opened, home, study, tmp_path):
    """It says what goes with it, and wants to be told that its names go."""
    file = tmp_path / "waste.txt"
    for text in ("one", "two"):
        file.write_text(text)
        home.pannier("artifact", "put", str(file), "--name", f"{study['entity']}/shelf/waste", "--type", "data")
    page = opened(f"/{study['entity']}/shelf/artifacts/data/waste/v1")
    page.get_by_role("button", name="Delete version").click()
    dialog = page.get_by_role("dialog", name="Delete waste:v1")
    expect(dialog).to_contain_text("for ever")
    expect(dialog.get_by_role("button", name="Delete for ever")).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Delete version").click()
    dialog.get_by_label("Delete it though it has aliases: latest").check()
    dialog.get_by_role("button", name="Delete for ever").click()
    expect(page.get_by_role("heading", name="waste", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="v0", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="v1", exact=True)).to_have_count(0)
    home.pannier("artifact", "show", f"{study['entity']}/shelf/waste:v0")
    home.pannier("artifact", "show", f"{study['entity']}/shelf/waste:v1", code=1)


@pytest.mark.narrow
@pytest.mark.parametrize("tab", ["", "/files", "/lineage", "/history", "/use"])
def test_a_version_on_a_phone(opened, study, tab):
    """Nothing makes the page scroll sideways."""
    page = opened(version_page(study, "v1", tab))
    expect(page.get_by_role("heading", name="digits-net:v1")).to_be_visible()
    expect(page.locator("#main .loading")).to_have_count(0)
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
