"""A daemon, and later a hub, that the stories are told to and read back from.

Stories (`stories/*.py`) are scripts as users write them; each is run once, and
only against the daemon. What it left is read twice by the same test: `place` is
first the daemon, then the hub that the daemon has sent everything to. Reading
is `wandb.Api()` as a user has it: led there by nothing but the environment."""

import concurrent.futures
import os
import time

import pytest
import wandb
from wandb.sdk.artifacts import artifact_file_cache

from support.home import Home, Hub, until
from support.reading import reading
from support.sdk import ENTITY, STORIES, TRACKERS, Script, told_once

PACKAGE = os.environ.get("PANNIER_PACKAGE", "")


def pytest_collection_modifyitems(config, items):
    """What takes minutes comes last; without PANNIER_SLOW it is left out, and said to be."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
    if not os.environ.get("PANNIER_SLOW"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: set PANNIER_SLOW"))


@pytest.fixture(autouse=True)
def own_cache():
    """After `download(skip_cache=True)` the SDK writes whatever the process downloads next,
    several files at once, to that one path: it never forgets the path by itself."""
    yield
    artifact_file_cache.get_artifact_file_cache()._override_cache_path = None


@pytest.fixture(scope="session")
def below(tmp_path_factory):
    """Where the folders of all scripts are."""
    return tmp_path_factory.mktemp("scripts")


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """The daemon of the stories."""
    with Home(tmp_path_factory.mktemp("daemon")) as home:
        yield home.start(PANNIER_ENTITY=ENTITY)


@pytest.fixture(scope="session")
def hub(tmp_path_factory, home):
    """The hub that the daemon sends to."""
    with Hub(tmp_path_factory.mktemp("hub"), "ann") as hub:
        hub.start().add_to(home)
        yield hub


@pytest.fixture(scope="session")
def variables(home):
    """What leads a script to the daemon."""
    return home.wandb_variables()


@pytest.fixture(scope="session")
def run_script(variables, below):
    """Starts a story against the daemon; `wait()` for its end."""

    def start(story, *args, **options):
        return Script(story, variables, *args, below=below, **options)

    return start


@pytest.fixture
def alone(tmp_path):
    """A daemon of the test's own, which it may kill."""
    with Home(tmp_path / "alone") as home:
        yield home.start()


@pytest.fixture(scope="session")
def tell(run_script):
    """Tells a story, once."""
    return told_once(run_script)


@pytest.fixture(scope="session")
def tell_either(run_script, with_either):
    """Tells a story that names its package, once."""
    return told_once(run_script, **with_either)


@pytest.fixture(scope="session")
def killed(run_script):
    """A run whose script was killed, and when."""
    script = run_script("ends", "killed")
    told = until(lambda: (script.peek() or {}).get("beats", 0) > 9 and script.peek(), "the script logs")
    script.process.kill()
    script.wait()
    return told | {"at": time.monotonic()}


@pytest.fixture(scope="session", autouse=True)
def stories_at_once(request, tell):
    """Tells, two at a time, the stories that many tests read: they mostly wait."""
    if any("killed" in item.fixturenames for item in request.session.items):
        # The sooner it dies, the sooner it can be found to be dead.
        request.getfixturevalue("killed")
    wanted = {mark.args for item in request.session.items for mark in item.iter_markers("story")}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        # A story that fails will fail again for the test that needs it.
        concurrent.futures.wait([pool.submit(tell, *words) for words in sorted(wanted, key=str)])


@pytest.fixture(scope="session", params=["daemon", "hub"])
def place(request, home, tmp_path_factory):
    """Where `wandb.Api()` reads from: everything about it comes from the environment."""
    there = home if request.param == "daemon" else request.getfixturevalue("hub")
    with reading(there.wandb_variables(), tmp_path_factory.mktemp(f"reads-{request.param}")):
        yield request.param


@pytest.fixture
def at_daemon(variables, tmp_path):
    """Within, `wandb.Api()` reads from the daemon: for tests of what happens there and then."""
    with reading(variables, tmp_path):
        yield


@pytest.fixture
def api(place, home, request):
    """`wandb.Api()` at that place; the hub has all that the daemon has."""
    if place == "hub":
        request.getfixturevalue("hub")
        home.pannier("sync", "--wait", "--timeout", "60")
    return wandb.Api()


@pytest.fixture
def story(request, tell):
    """What the story that the test is marked with told of itself."""
    return tell(*request.node.get_closest_marker("story").args)


@pytest.fixture(scope="session")
def with_either(home):
    """Variables of scripts that import the package that they are told."""
    assert PACKAGE, "PANNIER_PACKAGE must name the folder with `pannier`; `cargo xtask test` sets it"
    return home.variables() | {"PYTHONPATH": f"{STORIES}:{PACKAGE}"}


@pytest.fixture
def paths(request, tell_either):
    """A run of each package, by the module's `STORY`."""
    return {tracker: tell_either(*request.module.STORY, tracker)["path"] for tracker in TRACKERS}


@pytest.fixture
def read(home, place, request, below):
    """What a package's Api shows of a run, at the place."""
    there = home
    if place == "hub":
        there = request.getfixturevalue("hub")
        home.pannier("sync", "--wait", "--timeout", "60")
    story = request.module.STORY[0]

    def read(tracker, path):
        variables = there.wandb_variables() | {"PYTHONPATH": f"{STORIES}:{PACKAGE}"} | there.variables()
        return Script(story, variables, "read", tracker, path, below=below, **variables).wait().expect(0)

    return read
