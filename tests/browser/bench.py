"""How fast the dashboard is in a real browser: `python tests/browser/bench.py`.

With PANNIER_BIN and PANNIER_PACKAGE set, as for the tests. Fills a daemon of its
own, looks at it, and prints its figures as one JSON document on the last line;
what is being done is said on standard error."""

import http.client
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "wandb")]

from playwright.sync_api import sync_playwright

from support.home import Home

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SCREEN = {"width": 1280, "height": 800}
TIMES = 3
LETTERS = 60
LIVE_PER_S = 10
RUNS, METRICS, ROWS = 200, 50, 100
LONG_RUNS, LONG_STEPS = 10, 1_000_000

WATCH = """
window.drawn = 0;
window.firstDrawn = 0;
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...at) {
    if (!this.canvas.classList.contains("chart-above")) {
        requestAnimationFrame(() => {
            window.drawn = performance.now();
            window.firstDrawn ||= window.drawn;
        });
    }
    return clear.apply(this, at);
};
addEventListener("mouseup", (event) => (window.released = event.timeStamp), true);
window.latencies = [];
addEventListener("input", (event) => {
    requestAnimationFrame(() => setTimeout(() => window.latencies.push(performance.now() - event.timeStamp)));
}, true);
window.answered = () => Math.max(0, ...performance.getEntriesByType("resource")
    .filter((one) => one.name.endsWith("/v1/series")).map((one) => one.responseEnd));
"""
"""Notes when charts are drawn and how long typed letters wait; a frame has been painted when the next begins."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def fill_crowd():
    """Many runs, each with many metrics."""
    import pannier

    for number in range(RUNS):
        with pannier.init(entity="lab", project="crowd", name=f"run-{number}", config={"lr": number / RUNS}) as run:
            for step in range(ROWS):
                run.log({f"train/m{at}": number + at / (step + 1) for at in range(METRICS)})


def fill_long():
    """A few runs, each of very many steps."""
    import pannier

    for number in range(LONG_RUNS):
        with pannier.init(entity="lab", project="long", name=f"long-{number}") as run:
            for step in range(LONG_STEPS):
                run.log({"loss": 1 / (1 + step / 1000) + (step * 7919 % 1000) / 1e4 + number})


def fill_live():
    """Runs among the many until somebody ends it."""
    import pannier

    with pannier.init(entity="lab", project="crowd", name="live") as run:
        while True:
            run.log({f"train/m{at}": at for at in range(METRICS)})
            time.sleep(1 / LIVE_PER_S)


def script(home, what):
    """This file as a script that logs."""
    environment = home.environment() | {"PYTHONPATH": os.environ["PANNIER_PACKAGE"], "PANNIER_SILENT": "true"}
    return subprocess.Popen([sys.executable, __file__, what], env=environment, stdout=subprocess.DEVNULL)


def filled(home, what):
    """Waits until something is there."""
    began = time.monotonic()
    assert script(home, what).wait() == 0, f"{what} failed"
    say(f"{what}: {time.monotonic() - began:.0f} s")


def wait(page, what):
    """Until something holds in the page; its policy lets nothing be evaluated later, so it is asked as a whole."""
    page.evaluate(f"() => new Promise(done => {{ const look = () => (({what}) ? done() : setTimeout(look, 4)); look(); }})")


class Look:
    """A page in a browser that has seen nothing before."""

    def __init__(self, browser, home):
        self.context = browser.new_context(viewport=SCREEN)
        self.page = self.context.new_page()
        self.page.set_default_timeout(120_000)
        link = home.json("open", "--print")["url"]
        self.origin = "/".join(link.split("/")[:3])
        self.page.goto(link)
        self.page.get_by_role("link", name="Status").wait_for()
        self.page.add_init_script(WATCH)

    def open(self, path):
        """Loads a workspace; its first chart is there. The program is not in any cache."""
        cdp = self.context.new_cdp_session(self.page)
        cdp.send("Network.clearBrowserCache")
        self.page.goto(self.origin + path, wait_until="commit")
        wait(self.page, "window.firstDrawn > 0")
        return self.page.evaluate("window.firstDrawn")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


def interactive(look):
    """The first chart is drawn, and a letter that is typed stands there: since the navigation."""
    look.open("/lab/crowd")
    before = look.page.evaluate("window.latencies.length")
    look.page.get_by_label("Search runs by name").press("r")
    wait(look.page, f"window.latencies.length > {before}")
    return look.page.evaluate("performance.now()")


def typed_while_live(look, home):
    """Letters that are typed while a run logs: how long each waits until it is seen, and how many get lost."""
    look.open("/lab/crowd")
    live = script(home, "live")
    try:
        look.page.get_by_role("link", name="live").wait_for()
        field = look.page.get_by_label("Search metrics")
        field.focus()
        look.page.evaluate("window.latencies = []")
        asked = []
        look.page.on("response", lambda answer: answer.url.endswith("/v1/series") and asked.append(answer))
        for at in range(LETTERS):
            look.page.keyboard.press("m" if at % 2 == 0 else "Backspace")
            look.page.wait_for_timeout(60)
        wait(look.page, f"window.latencies.length >= {LETTERS}")
        waits = sorted(look.page.evaluate("window.latencies"))
        say(f"series asked for while typing: {len(asked)}")
        return waits, len(asked)
    finally:
        live.terminate()
        live.wait()


def zoomed(look):
    """From the button's release until the chart shows the finer data."""
    box = look.page.get_by_test_id("chart-loss").locator(".u-over").bounding_box()
    middle = box["y"] + box["height"] / 2
    with look.page.expect_response(lambda answer: answer.url.endswith("/v1/series")):
        look.page.mouse.move(box["x"] + box["width"] * 0.4, middle)
        look.page.mouse.down()
        look.page.mouse.move(box["x"] + box["width"] * 0.45, middle)
        look.page.mouse.move(box["x"] + box["width"] * 0.5, middle)
        look.page.mouse.up()
    wait(look.page, "window.answered() > window.released && window.drawn > window.answered()")
    return look.page.evaluate("window.drawn - window.released")


def post(home, path, body):
    """Asks the daemon without a browser: how long it takes, in ms."""
    connection = http.client.HTTPConnection("pannier", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(home.socket))
    began = time.perf_counter()
    connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    took = (time.perf_counter() - began) * 1000
    connection.close()
    assert answer.status == 200, answer.status
    return took


def series(home, bodies):
    """How long what the pages asked for takes, each asked several times."""
    return sorted(post(home, "/v1/series", json.loads(body)) for body in bodies for _ in range(10))


def first_load(look):
    """What came over the wire until the workspace was there, without what it says of runs."""
    sizes = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    wanted = "one => !one.name.includes('/v1/') && !one.name.includes('/graphql')"
    return look.page.evaluate(f"{sizes}.filter({wanted}).reduce((sum, one) => sum + one.encodedBodySize, 0)")


def part(values, share):
    """The value that this share of all is at most."""
    return values[min(len(values) - 1, int(len(values) * share))]


def measure(home, browser):
    figures, bodies = {}, []

    def note(request):
        if request.url.endswith("/v1/series"):
            bodies.append(request.post_data)

    found = []
    for _ in range(TIMES):
        with Look(browser, home) as look:
            look.page.on("request", note)
            found.append(interactive(look))
            figures["first_load_bytes"] = first_load(look)
    figures["interactive_ms"] = statistics.median(found)
    with Look(browser, home) as look:
        waits, asked = typed_while_live(look, home)
    figures |= {"typed_p50_ms": part(waits, 0.5), "typed_p95_ms": part(waits, 0.95), "typed_max_ms": waits[-1]}
    figures["live_answers"] = asked
    painted, zooms = [], []
    for _ in range(TIMES):
        with Look(browser, home) as look:
            look.page.on("request", note)
            painted.append(look.open("/lab/long"))
            zooms.append(zoomed(look))
    figures |= {"million_painted_ms": statistics.median(painted), "zoom_ms": statistics.median(zooms)}
    took = series(home, bodies)
    figures |= {"series_p50_ms": part(took, 0.5), "series_p95_ms": part(took, 0.95), "series_asked": len(took)}
    return figures


def main():
    program = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])))
    with tempfile.TemporaryDirectory() as folder, Home(folder) as home, sync_playwright() as playwright:
        home.start(PANNIER_ENTITY="lab")
        filled(home, "crowd")
        filled(home, "long")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        figures = measure(home, browser)
        browser.close()
        for name, value in figures.items():
            say(f"{name:>20} {value:,.1f}")
        print(json.dumps(figures))
        home.stop()


if __name__ == "__main__":
    fills = {"crowd": fill_crowd, "long": fill_long, "live": fill_live}
    fills.get(sys.argv[1], main)() if len(sys.argv) > 1 else main()
