"""Two machines without a network make the same version numbers and move the same
names; then both meet the hub."""

import pathlib

import pytest
import wandb

from support.home import Home, Hub, until
from support.reading import reading
from support.sdk import ENTITY, Script

PATH = f"{ENTITY}/apart/net"


@pytest.fixture
def three(tmp_path):
    """Two machines, and a hub that neither knows yet."""
    with Home(tmp_path / "one") as one, Home(tmp_path / "two") as two, Hub(tmp_path / "hub", "ann") as hub:
        for home in (one, two):
            home.start(PANNIER_ENTITY=ENTITY)
        yield one, two, hub.start()


def test_the_hubs_order_decides(three, tmp_path):
    one, two, hub = three
    told = {}
    for name, home in (("one", one), ("two", two)):
        told[name] = Script("apart", home.wandb_variables(), name, below=tmp_path).wait().expect(0)
        assert (told[name]["version"], told[name]["linked"]) == ("v0", "v0")

    # The second machine is the first to reach the hub.
    for home in (two, one):
        hub.add_to(home)
        home.pannier("sync", "--wait", "--timeout", "60")

    with reading(hub.wandb_variables(), tmp_path / "at-hub"):
        api = wandb.Api()
        assert api.artifact(f"{PATH}:v0").id == told["two"]["id"]
        assert api.artifact(f"{PATH}:v1").id == told["one"]["id"]
        assert api.artifact(f"{PATH}:latest").version == "v1"
        # Moved by both: the later move holds, whoever reached the hub first.
        assert api.artifact(f"{PATH}:prod").id == told["two"]["id"]
        assert api.artifact("wandb-registry-Model/Apart:v0").id == told["two"]["id"]

    def settled():
        with reading(one.wandb_variables(), tmp_path / "at-one"):
            return wandb.Api().artifact(f"{PATH}:{told['one']['digest']}").version == "v1"

    until(settled, "the first machine hears which number the hub gave")
    with reading(one.wandb_variables(), tmp_path / "at-one"):
        api = wandb.Api()
        mine = api.artifact(f"{PATH}:v1")
        assert (mine.id, mine.digest) == (told["one"]["id"], told["one"]["digest"])
        # The other's version is reached through this machine's daemon, and kept there.
        other = api.artifact(f"{PATH}:v0")
        assert other.id == told["two"]["id"]
        folder = other.download(root=str(tmp_path / "fetched"), skip_cache=True)
        assert (pathlib.Path(folder) / "who.txt").read_text() == "two"
        assert api.artifact(f"{PATH}:prod").id == told["two"]["id"]
    hub.stop()
    with reading(one.wandb_variables(), tmp_path / "alone"):
        other = wandb.Api().artifact(f"{PATH}:v0")
        folder = other.download(root=str(tmp_path / "again"), skip_cache=True)
        assert (pathlib.Path(folder) / "who.txt").read_text() == "two"

    shown = one.json("artifact", "show", f"{PATH}:v1")
    assert (shown["version"], shown["was"], shown["provisional"]) == (1, 0, False)
    assert [alias["conflict"] for alias in one.json("artifact", "show", f"{PATH}:v0")["aliases"]] == [True]

    # Whoever moves the name again settles it.
    hub_again = reading(one.wandb_variables(), tmp_path / "settling")
    with hub_again:
        mine = wandb.Api().artifact(f"{PATH}:v1")
        mine.aliases.append("prod")
        mine.save()
        assert wandb.Api().artifact(f"{PATH}:prod").id == told["one"]["id"]
    shown = one.json("artifact", "show", f"{PATH}:v1")
    assert [alias["conflict"] for alias in shown["aliases"] if alias["alias"] == "prod"] == [False]
