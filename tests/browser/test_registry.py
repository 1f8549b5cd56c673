"""Registries: found, made, and the names of their versions moved from the page."""

import re

import pytest
from playwright.sync_api import expect

PROJECT = "wandb-registry-Model"


@pytest.fixture
def organization(home, study):
    """Who has the study's registry."""
    shown = home.json("artifact", "show", f"{study['entity']}/study/digits-net:v0")
    return next(place["entity"] for place in shown["places"] if place["link"])


def registry_of(page):
    """The card of the study's registry."""
    return page.get_by_role("link", name="Model").filter(has_text=re.compile(r"\d collections?"))


def row_of(page, version):
    """The row of a version."""
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=version, exact=True))


def names_of(home, organization, version, collection="Digits"):
    """The names that the daemon knows a version of a collection by."""
    shown = home.json("artifact", "show", f"{organization}/{PROJECT}/{collection}:{version}")
    return {alias["alias"] if isinstance(alias, dict) else alias for alias in shown["aliases"]}


@pytest.mark.fast
def test_from_the_cards_to_the_source(opened, study):
    """Cards, search, collection, and the version that was linked."""
    page = opened("/")
    page.get_by_role("link", name="Registry", exact=True).click()
    search = page.get_by_role("searchbox", name="Search registries")
    search.fill("nothing like it")
    expect(page.get_by_text("Nothing is found")).to_be_visible()
    search.fill("mod")
    registry_of(page).click()
    expect(page.get_by_role("heading", name="Model", exact=True)).to_be_visible()
    page.get_by_role("searchbox", name="Search collections").fill("dig")
    page.get_by_role("link", name="Digits", exact=True).click()
    row = row_of(page, "v0")
    expect(row).to_contain_text("staging")
    row.get_by_role("link", name="study/digits-net:v0").click()
    expect(page.get_by_role("heading", name="digits-net:v0")).to_be_visible()
    page.get_by_role("region", name="Linked to").get_by_role("link", name="Digits:v0").click()
    expect(page.get_by_role("heading", name="Digits:v0")).to_be_visible()


def test_an_alias_is_moved_from_the_page(opened, home, study, organization):
    """From one version to the other; the history says who and when."""
    page = opened(f"/registry/{organization}/Model/Digits")
    expect(row_of(page, "v0")).to_contain_text("staging")
    page.get_by_role("button", name="Move staging").click()
    dialog = page.get_by_role("dialog", name="Move an alias")
    expect(dialog).to_contain_text("It is at v0 now, and leaves it.")
    dialog.get_by_label("To version").select_option(label="v1 (latest)")
    dialog.get_by_role("button", name="Move alias").click()
    expect(dialog).to_have_count(0)
    expect(row_of(page, "v1")).to_contain_text("staging")
    expect(row_of(page, "v0")).not_to_contain_text("staging")
    assert "staging" in names_of(home, organization, "v1")
    assert "staging" not in names_of(home, organization, "v0")
    page.get_by_role("link", name="History of aliases").click()
    moves = page.get_by_role("row").filter(has=page.get_by_role("cell", name="staging", exact=True))
    expect(moves).to_have_count(2)
    expect(moves.first).to_contain_text("v1")
    expect(moves.first).to_contain_text("stands")
    expect(moves.last).to_contain_text("moved on since")
    expect(moves.first).to_contain_text("by local")
    expect(moves.first.locator("time")).to_be_visible()
    page.get_by_role("link", name="Versions", exact=True).click()
    page.get_by_role("button", name="Move staging").click()
    dialog.get_by_label("To version").select_option(label="v0")
    dialog.get_by_role("button", name="Move alias").click()
    expect(row_of(page, "v0")).to_contain_text("staging")


def test_a_version_is_linked_and_its_link_taken_away(opened, home, study, organization, tmp_path):
    """From the page of the version to a collection, and away again."""
    file = tmp_path / "spare.txt"
    file.write_text("spare")
    home.pannier("artifact", "put", str(file), "--name", f"{study['entity']}/shelf/spare", "--type", "model")
    page = opened(f"/{study['entity']}/shelf/artifacts/model/spare/v0")
    page.get_by_role("button", name="Link to registry").click()
    dialog = page.get_by_role("dialog", name="Link to registry")
    dialog.get_by_role("combobox", name="Registry", exact=True).select_option(f"{organization}/Model")
    dialog.get_by_label("Collection").fill("Spare")
    dialog.get_by_label("Aliases there").fill("candidate")
    dialog.get_by_role("button", name="Link", exact=True).click()
    expect(page.get_by_role("heading", name="Spare:v0", exact=True)).to_be_visible()
    assert "candidate" in names_of(home, organization, "v0", "Spare")
    page.get_by_role("navigation", name="Above this version").get_by_role("link", name="Spare").click()
    page.get_by_role("button", name="Take the link v0 away").click()
    dialog = page.get_by_role("dialog", name="Take the link Spare:v0 away")
    dialog.get_by_role("button", name="Take the link away").click()
    expect(page.get_by_text("No versions")).to_be_visible()
    home.pannier("artifact", "show", f"{organization}/{PROJECT}/Spare:v0", code=1)
    assert home.json("artifact", "show", f"{study['entity']}/shelf/spare:v0")


def test_a_registry_is_made(opened, home, study, organization):
    """With what it takes; its settings are changed on its page."""
    page = opened("/registry")
    page.get_by_role("button", name="New registry").click()
    dialog = page.get_by_role("dialog", name="New registry")
    dialog.get_by_label("Name", exact=True).fill("shelf")
    dialog.get_by_label("Description").fill("What others are to use")
    dialog.get_by_label("Types it takes").fill("model")
    dialog.get_by_role("button", name="Make registry").click()
    expect(page.get_by_role("heading", name="shelf")).to_be_visible()
    expect(page.get_by_text("No collections yet")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Protected aliases").fill("production")
    page.get_by_role("button", name="Save settings").click()
    page.reload()
    expect(page.get_by_label("Protected aliases")).to_have_value("production")
    expect(page.get_by_label("Types it takes")).to_have_value("model")


@pytest.mark.narrow
def test_a_registry_on_a_phone(opened, study, organization):
    """Nothing makes the page scroll sideways."""
    page = opened(f"/registry/{organization}/Model/Digits")
    expect(row_of(page, "v0")).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
