"""How far things are on their way to a remote, why not further, and the button that tries again."""

import pytest
from playwright.sync_api import expect

from support.home import Home, Hub
from support.sdk import ENTITY

NOTES = f"{ENTITY}/way/notes"


def put(home, tmp_path, text):
    """Logs a version; the path of the run that did it."""
    file = tmp_path / "notes.txt"
    file.write_text(text)
    home.pannier("artifact", "put", str(file), "--name", NOTES, "--type", "data")
    run = home.json("artifact", "show", f"{NOTES}:latest")["logged_by"][0]
    return f"/{run['entity']}/{run['project']}/runs/{run['run']}"


@pytest.fixture
def alone(tmp_path):
    """A daemon of the test's own."""
    with Home(tmp_path / "alone") as home:
        yield home.start(PANNIER_ENTITY=ENTITY)


@pytest.fixture
def own_hub(tmp_path):
    """A hub of the test's own, up."""
    with Hub(tmp_path / "hub", "ann") as hub:
        yield hub.start()


def remote_on(page):
    """What the status page says of the remote."""
    return page.get_by_role("article", name="Remote hub")


@pytest.mark.fast
def test_here_only_where_no_remote_is(alone, opened, tmp_path):
    """Run, artifact and machine: all of it is here, and nowhere else."""
    run = put(alone, tmp_path, "one")
    page = opened(run, there=alone)
    expect(page.get_by_role("button", name="Sync here only")).to_be_visible()
    expect(page.get_by_role("region", name="Sync")).to_contain_text("on this machine only")
    page.get_by_role("navigation", name="Project").get_by_role("link", name="Artifacts").click()
    page.get_by_role("link", name="notes", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="v0")).to_contain_text("here only")
    page.get_by_role("link", name="v0", exact=True).click()
    expect(page.get_by_role("region", name="Sync")).to_contain_text("on this machine only")
    page.get_by_role("link", name="Status").click()
    expect(page.get_by_text("Everything is here; no remote is set up")).to_be_visible()
    expect(page.get_by_role("region", name="Remotes")).to_contain_text("pannier remote add NAME URL")
    expect(page.get_by_role("region", name="Disk")).to_contain_text("on its disk")
    expect(page.get_by_role("region", name="Daemon")).to_contain_text(str(alone.path))


def test_a_refused_token_and_then_the_right_one(alone, own_hub, opened, tmp_path):
    """Seen as it happens: what failed, why, what to do, and that it is at the remote then."""
    run = put(alone, tmp_path, "one")
    page = opened("/status", there=alone)
    expect(page.get_by_text("no remote is set up")).to_be_visible()
    wrong = tmp_path / "wrong"
    wrong.write_text("0" * 40)
    alone.pannier("remote", "add", "hub", own_hub.url, "--token-file", str(wrong))
    expect(page.get_by_text("hub refuses the token: somebody has to act")).to_be_visible()
    expect(remote_on(page)).to_contain_text("It lacks 3 records")
    expect(remote_on(page)).to_contain_text("this token is not known here")
    expect(remote_on(page)).to_contain_text("pannier remote add hub")
    runs = page.get_by_role("region", name="Runs and projects")
    expect(runs).to_contain_text("hub: failed")
    runs.get_by_label("Show runs and projects").select_option("Failed (1)")
    other = opened(run, there=alone)
    expect(other.get_by_role("button", name="Sync failed")).to_be_visible()
    expect(other.get_by_role("button", name="Retry the sync to hub")).to_be_visible()
    expect(other.get_by_role("region", name="Sync")).to_contain_text("this token is not known here")
    third = opened(f"/{ENTITY}/way/artifacts/data/notes/v0", there=alone)
    expect(third.get_by_role("region", name="Sync")).to_contain_text("hub: failed")
    own_hub.add_to(alone)
    expect(page.get_by_text("Everything is at every remote")).to_be_visible()
    expect(remote_on(page)).to_contain_text("It has everything.")
    expect(other.get_by_role("button", name="Sync at remote")).to_be_visible()
    expect(other.get_by_role("region", name="Sync")).to_contain_text("has all of it")
    expect(third.get_by_role("region", name="Sync")).to_contain_text("has all of it")


def test_what_could_not_be_sent_is_retried(alone, own_hub, opened, tmp_path):
    """The hub is away, comes back, and is asked again by the button."""
    own_hub.add_to(alone)
    put(alone, tmp_path, "one")
    alone.pannier("sync", "--wait", "--timeout", "60")
    own_hub.kill()
    run = put(alone, tmp_path, "two")
    page = opened("/status", there=alone)
    expect(page.get_by_text("hub cannot be reached; everything is kept here until then")).to_be_visible()
    expect(remote_on(page)).to_contain_text("cannot be reached: Connection refused")
    rows = page.get_by_role("region", name="Runs and projects").get_by_role("row")
    expect(rows.filter(has_text="hub: queued")).to_have_count(1)
    expect(rows.filter(has_text="hub: has all of it")).to_have_count(1)
    other = opened(run, there=alone)
    sync = other.get_by_role("region", name="Sync")
    expect(sync).to_contain_text("cannot be reached")
    own_hub.start()
    sync.get_by_role("button", name="Retry hub now").click()
    expect(other.get_by_text("hub is asked again")).to_be_visible()
    expect(other.get_by_role("button", name="Sync at remote")).to_be_visible()
    expect(sync).to_contain_text("has all of it")
    expect(page.get_by_text("Everything is at every remote")).to_be_visible()
    at_hub = opened(f"/{ENTITY}/way/artifacts/data/notes/v1", there=own_hub)
    expect(at_hub.get_by_role("heading", name="notes:v1")).to_be_visible()


def test_a_problem_is_said_as_it_happens(alone, opened):
    """A damaged journal: which, what, and when, on the page that is open."""
    page = opened("/status", there=alone)
    expect(page.get_by_text("Everything is here; no remote is set up")).to_be_visible()
    expect(page.get_by_role("region", name="Problems")).to_have_count(0)
    made = alone.path / "spool" / "damaged.new"
    made.mkdir(parents=True)
    (made / "00000001.journal").write_bytes(b"nothing that anybody wrote" * 20)
    made.rename(alone.path / "spool" / ("d0" * 16))
    problems = page.get_by_role("region", name="Problems")
    expect(problems).to_contain_text("d0" * 16)
    expect(problems).to_contain_text("Last seen")
    said = alone.json("status")["problems"]
    expect(problems).to_contain_text(said[0]["what"])


@pytest.mark.narrow
def test_the_state_of_the_machine_on_a_phone(alone, own_hub, opened, tmp_path):
    """Nothing makes the page scroll sideways."""
    put(alone, tmp_path, "one")
    own_hub.add_to(alone)
    page = opened("/status", there=alone)
    expect(page.get_by_text("Everything is at every remote")).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
