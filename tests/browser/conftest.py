"""A real browser that looks at a real daemon and a real hub.

Stories fill the daemon; each test then does what a person would. Whatever it
does, nothing may leave for another host, the console may not complain, and a
picture of the last thing seen is kept below `PANNIER_SCREENSHOTS`."""

import os
import pathlib
import re
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from support.home import Home, Hub
from support.sdk import ENTITY, Script, told_once

PATIENCE_MS = 20_000
"""How long anything may take that should take moments: builds run beside us."""
SCREENS = {"wide": (1280, 800), "narrow": (390, 844)}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def below(tmp_path_factory):
    """Where the folders of all scripts are."""
    return tmp_path_factory.mktemp("scripts")


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """The daemon that is looked at."""
    with Home(tmp_path_factory.mktemp("daemon")) as home:
        yield home.start(PANNIER_ENTITY=ENTITY)


@pytest.fixture(scope="session")
def told(home, below):
    """Tells a story against the daemon, once: what it said of itself."""
    return told_once(lambda story, *args: Script(story, home.wandb_variables(), *args, below=below))


@pytest.fixture(scope="session")
def study(told):
    """Four trials, an artifact in a registry, a report."""
    return told("showcase")


@pytest.fixture(scope="session")
def hub(home, study, tmp_path_factory):
    """A hub that has all that the daemon has."""
    with Hub(tmp_path_factory.mktemp("hub"), "ann") as hub:
        hub.start().add_to(home)
        home.pannier("sync", "--wait", "--timeout", "120")
        yield hub


@pytest.fixture(scope="session")
def chromium():
    """The browser of this machine."""
    program = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    assert program, "no chromium is here; on Debian and Ubuntu: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class Watch:
    """What a page asks of the network, and what it complains of."""

    def __init__(self, page, origin, allowed):
        self.origin = origin
        self.foreign = []
        self.complaints = []
        self.allowed = allowed
        page.on("request", self.asked)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self.said)

    def asked(self, request):
        own = request.url.startswith((self.origin, "blob:", "data:", "about:"))
        if not own:
            self.foreign.append(request.url)

    def said(self, message):
        text = message.text
        expected = any(f"status of {status}" in text for status in self.allowed)
        if message.type == "error" and not expected:
            self.complaints.append(f"{text} ({message.location['url']})")

    def judge(self):
        assert not self.foreign, f"the page asked others: {self.foreign}"
        assert not self.complaints, f"the console complains: {self.complaints}"


def link_of(home, *what):
    """What `pannier open` prints."""
    return home.json("open", "--print", *what)["url"]


@pytest.fixture
def opened(chromium, home, request):
    """Opens a path of a home or hub in a browser of its own, signed in; judged at the end."""
    watches, contexts = [], []
    narrow = request.node.get_closest_marker("narrow")
    marker = request.node.get_closest_marker("may_fail")
    allowed = [*(marker.args if marker else ()), 429]
    width, height = SCREENS["narrow" if narrow else "wide"]

    def open_at(path="/", there=home, theme="light"):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, accept_downloads=True
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        link = f"{there.url}/login" if isinstance(there, Hub) else link_of(there)
        origin = re.match(r"https?://[^/]+", link).group()
        watches.append(Watch(page, origin, allowed))
        page.goto(link)
        if isinstance(there, Hub):
            page.get_by_label("API key").fill(there.token)
            page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="Status")).to_be_visible()
        if path != "/":
            page.goto(origin + path)
        return page

    yield open_at
    for at, context in enumerate(contexts):
        picture(context.pages[0], request.node.name + (f"-{at}" if at else ""))
    for context in contexts:
        context.close()
    for watch in watches:
        watch.judge()


def picture(page, name):
    """Keeps a picture of what is seen."""
    folder = os.environ.get("PANNIER_SCREENSHOTS")
    if folder:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=pathlib.Path(folder) / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name)}.png")
