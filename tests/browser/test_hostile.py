"""What users wrote runs nowhere but in a frame without an origin, asks nobody, and reads no key."""

import http.server
import threading
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, expect

from support.home import until


@pytest.fixture(scope="module")
def elsewhere():
    """An address that must not be asked: the paths that it was asked for."""
    asked = []

    class Note(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Note)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()


@pytest.fixture(scope="module")
def hostile(told, elsewhere):
    """The story, told to the daemon."""
    return told("hostile", elsewhere[0])


def pages(hostile):
    """Every page that shows what somebody wrote."""
    run = f"/{hostile['entity']}/hostile/runs/{hostile['run']}"
    project = f"/{hostile['entity']}/hostile"
    evil = f"{project}/artifacts/model/evil/v0"
    tabs = ["overview", "charts", "logs", "files", "artifacts"]
    files = [f"{run}/files/{file}" for file in ("evil.html", "evil.svg", "evil.md")]
    return [
        "/",
        project,
        f"{project}/table",
        *[f"{run}/{tab}" for tab in tabs],
        *files,
        f"{project}/artifacts",
        evil,
        *[f"{evil}/{tab}" for tab in ("files", "metadata", "lineage")],
        urlsplit(hostile["report"]).path,
    ]


def stolen_by(frame):
    """What a frame reads of the page around it. One that tries to go elsewhere is asked where it ends up."""
    ask = "(() => { try { return parent.localStorage['pannier.session'] } catch { return null } })()"

    def answer():
        if frame.is_detached():
            return [None]  # It was inside of one that went elsewhere, and is no more.
        try:
            return [frame.evaluate(ask)]
        except Error:
            return None

    return until(answer, "the frame stays where it is")[0]


def read_to_its_end(page):
    """Scrolls until everything that is loaded on sight has been seen, and is there."""
    expect(page.locator("#main .loading")).to_have_count(0)
    seen = -1
    while (height := page.evaluate("document.scrollingElement.scrollHeight")) != seen:
        seen = height
        for top in range(0, height, 600):
            page.evaluate("top => scrollTo(0, top)", top)
            page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        expect(page.locator("#main .loading")).to_have_count(0)


def test_nothing_that_users_write_gets_out_or_in(chromium, home, hostile, elsewhere):
    """Every page, read to its end: no script of theirs ran in it, nobody else was asked."""
    address, asked = elsewhere
    context = chromium.new_context()
    page = context.new_page()
    page.goto(home.json("open", "--print")["url"])
    expect(page.get_by_role("link", name="Status")).to_be_visible()
    origin = page.evaluate("location.origin")
    for path in pages(hostile):
        page.goto(origin + path)
        read_to_its_end(page)
        assert page.evaluate("window.pwned") is None, path
        assert page.evaluate("document.querySelectorAll('#main script, #main object, #main embed, #main base').length") == 0
        hrefs = page.evaluate("[...document.querySelectorAll('a')].map(a => new URL(a.href.baseVal ?? a.href, location).protocol)")
        assert set(hrefs) <= {"http:", "https:", "blob:", "mailto:"}, (path, hrefs)
        for frame in page.locator("iframe").all():
            assert frame.get_attribute("sandbox") in ("", "allow-scripts"), path
        for frame in page.frames[1:]:
            assert stolen_by(frame) is None, path
    assert asked == [], "nobody else is asked"
    context.close()


def test_the_key_is_in_no_address_and_no_log(chromium, home, study):
    """The ticket of the link is gone from the address bar, and counts once."""
    context = chromium.new_context()
    page = context.new_page()
    link = home.json("open", "--print")["url"]
    ticket = link.split("ticket=")[1].split("&")[0]
    assert ticket not in link.split("#")[0], "what is before the # is sent and logged"
    seen = []
    page.on("request", lambda request: seen.append(request.url + str(request.headers)))
    page.goto(link)
    expect(page.get_by_role("link", name="Status")).to_be_visible()
    assert "ticket" not in page.url
    assert not any(ticket in one for one in seen)
    assert ticket not in home.log()
    other = chromium.new_context()
    again = other.new_page()
    again.goto(link)
    expect(again.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()
    other.close()
