"""Media: what the rows say of them, and their bytes."""

import hashlib
import json

import pytest
from PIL import Image

from support.sdk import ENTITY

pytestmark = pytest.mark.story("media")


@pytest.fixture
def run(api, story):
    return api.run(f"{ENTITY}/media/{story['id']}")


@pytest.fixture
def logged(run):
    """Each key's value, from the row that has it."""
    return {key: value for row in run.scan_history() for key, value in row.items() if not key.startswith("_")}


@pytest.fixture
def fetch(run, tmp_path):
    """A file of the run, by its path in a media object."""

    def fetch(entry):
        run.file(entry["path"]).download(root=str(tmp_path), exist_ok=True).close()
        path = tmp_path / entry["path"]
        content = path.read_bytes()
        assert len(content) == entry["size"]
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        return path

    return fetch


def test_image(logged, fetch, story):
    entry = logged["picture"]
    assert (entry["_type"], entry["width"], entry["height"], entry["caption"]) == ("image-file", 8, 8, "shades")
    with Image.open(fetch(entry)) as image:
        assert list(image.convert("L").tobytes()) == [shade for row in story["shades"] for shade in row]


def test_images(run, logged, tmp_path):
    entry = logged["pictures"]
    assert (entry["_type"], entry["count"], entry["captions"]) == ("images/separated", 3, ["0", "99", "200"])
    for shade, path in zip((0, 99, 200), entry["filenames"]):
        run.file(path).download(root=str(tmp_path)).close()
        with Image.open(tmp_path / path) as image:
            assert image.getpixel((1, 1))[:3] == (shade, shade, shade)


def test_boxes_and_masks(run, logged, tmp_path):
    entry = logged["boxed"]
    path = entry["boxes"]["predictions"]["path"]
    run.file(path).download(root=str(tmp_path)).close()
    assert json.loads((tmp_path / path).read_text())["box_data"][0]["class_id"] == 1
    assert run.file(entry["masks"]["truth"]["path"]).size > 0


def test_histograms(run, logged):
    assert logged["spread"]["_type"] == "histogram"
    assert sum(logged["spread"]["values"]) == 6
    assert logged["counted"] == {"_type": "histogram", "values": [4, 5], "bins": [0, 1, 2]}
    assert run.summary["counted"]["values"] == [4, 5]


def test_table(run, logged, fetch):
    entry = logged["results"]
    assert (entry["_type"], entry["nrows"], entry["ncols"]) == ("table-file", 3, 3)
    table = json.loads(fetch(entry).read_text())
    assert table["columns"] == ["name", "score", "shot"]
    assert [row[:2] for row in table["data"]] == [["row 0", 0], ["row 1", 0.25], ["row 2", 0.5]]
    assert run.summary["results"]["nrows"] == 3


def test_table_is_an_artifact_too(run):
    types = sorted(artifact.type for artifact in run.logged_artifacts())
    assert types.count("run_table") == 2, types
    [found] = [artifact for artifact in run.logged_artifacts() if "results" in artifact.name]
    table = found.get("results")
    assert table.columns == ["name", "score", "shot"]
    assert table.data[2][0] == "row 2"


def test_custom_chart(run, logged):
    assert logged["curve_table"]["_type"] == "table-file"
    assert (logged["curve_table"]["nrows"], logged["curve_table"]["ncols"]) == (3, 2)
    assert run.summary["curve_table"]["nrows"] == 3


@pytest.mark.parametrize(
    ("key", "kind", "begins"),
    [("sound", "audio-file", b"RIFF"), ("film", "video-file", b"GIF8"), ("page", "html-file", b"<p>a <b>")],
)
def test_sound_film_and_page(logged, fetch, key, kind, begins):
    assert logged[key]["_type"] == kind
    assert fetch(logged[key]).read_bytes().startswith(begins)


def test_plotly_and_points(logged, fetch):
    assert logged["chart"]["_type"] == "plotly-file"
    assert json.loads(fetch(logged["chart"]).read_text())["data"][0]["type"] == "bar"
    assert logged["cloud"]["_type"] == "object3D-file"
    assert len(json.loads(fetch(logged["cloud"]).read_text())) == 3
