"""The way of a model from training to the registry, told with either package, read
by W&B's at the daemon and at the hub."""

import pytest

from support.sdk import TRACKERS

# MD5 over "wandb-artifact-manifest-v1\nmodel.txt:BASE64_OF_MD5_OF_THE_BYTES\n".
DIGEST = "233acd04cef89efb903ff2f512b92e52"


@pytest.fixture(scope="session")
def told():
    """What the scripts told, by package: each is told once, wherever it is read."""
    return {}


@pytest.fixture(params=TRACKERS)
def tour(request, told, with_either, run_script):
    """What the script told, with the package's name."""
    tracker = request.param
    if tracker not in told:
        told[tracker] = run_script("tour", tracker, **with_either).wait().expect(0) | {"tracker": tracker}
    return told[tracker]


def test_told(tour):
    assert (tour["version"], tour["linked"], tour["is_link"], tour["source"]) == ("v0", "v0", True, "net:v0")
    assert (tour["read"], tour["digest"]) == ("weights", DIGEST)
    names = ["latest", "production"]
    expected = [f"Nets-{tour['tracker']}:v0", f"Nets-{tour['tracker']}", names, ["text-classification"]]
    assert (tour["found"], tour["dated"]) == ([expected], True)


def test_read(tour, api, tmp_path):
    path = f"{tour['entity']}/tour-{tour['tracker']}"
    net = api.artifact(f"{path}/net:checked")
    assert (net.version, net.digest, net.description, net.metadata) == ("v0", DIGEST, "said later", {"acc": 0.9})
    assert sorted(net.aliases) == ["best", "checked", "latest"]
    assert net.logged_by().id == tour["run"]
    assert {run.id for run in net.used_by()} >= {tour["publisher"]}
    linked = api.artifact(f"wandb-registry-Tour/Nets-{tour['tracker']}:production")
    assert (linked.source_version, linked.is_link) == ("v0", True)
    folder = linked.download(root=str(tmp_path), skip_cache=True)
    with open(f"{folder}/model.txt") as file:
        assert file.read() == "weights"
    outside = api.artifact(tour["outside"])
    assert (outside.digest, outside.logged_by().job_type) == (tour["outside_digest"], "auto")
    rows = list(api.run(f"{path}/{tour['run']}").scan_history(keys=["loss"]))
    assert len(rows) == 10
