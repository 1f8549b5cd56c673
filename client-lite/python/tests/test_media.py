"""Media: what a row says of them, and their bytes."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from typing import Any

import pytest

import pannier
from pannier._media.base import safe


def png(shade: int) -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = zlib.compress(bytes([0, shade]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


LOG = """
import json, pannier as wandb
with wandb.init(project="p", id="m") as run:
    run.log({"loss": 1.0, "page": wandb.Html("<p>a</p>", inject=False)})
    open("film.gif", "wb").write(b"GIF89a first")
    film = wandb.Video("film.gif", caption="three")
    open("film.gif", "wb").write(b"GIF89a other")
    run.log({"deep": {"film": film}, "../up": wandb.Html("x", inject=False)})
    run.log({"counted": wandb.Histogram(np_histogram=([4, 5], [0.0, 1.0, 2.0]))})
    table = wandb.Table(columns=["name", "score", "page"])
    table.add_data("row 0", 0.5, wandb.Html("in a cell", inject=False))
    table.add_data("row 1", None, None)
    run.log({"results": table})
    table.add_data("row 2", 2.0, None)
    run.log({"results": table})
    draft = wandb.Artifact("held", "dataset")
    draft.add(table, "t")
    run.log_artifact(draft).wait()
print("logged")
"""

READ = """
import hashlib, json, pannier as wandb
api = wandb.Api()
run = api.run("local/p/m")
rows = [{k: v for k, v in row.items() if not k.startswith("_")} for row in run.scan_history()]
files = {}
for file in run.files():
    if file.name.startswith("media/"):
        with file.download(root="got", exist_ok=True) as got:
            files[file.name] = open(got.name, "rb").read().decode()
tables = {}
for artifact in run.logged_artifacts():
    found = artifact.get("results") or artifact.get("t")
    cells = [[getattr(cell, "html", cell) for cell in row] for row in found.data]
    tables[artifact.name] = [artifact.type, found.columns, cells]
said = {"rows": rows, "files": files, "tables": tables}
print(json.dumps({**said, "summary": run.summary["results"]["nrows"]}))
"""


@pytest.fixture
def read(home: Any) -> Any:
    done = home.python(LOG)
    assert "logged" in done.stdout, done.stderr
    return json.loads(home.python(READ).stdout.splitlines()[-1])


def test_rows_name_the_files_as_they_were(read: Any) -> None:
    rows, files = read["rows"], read["files"]
    page = rows[0]["page"]
    digest = hashlib.sha256(b"<p>a</p>").hexdigest()
    assert rows[0]["loss"] == 1.0
    assert page == {
        "_type": "html-file",
        "sha256": digest,
        "size": 8,
        "path": f"media/html/page_0_{digest[:20]}.html",
    }
    assert files[page["path"]] == "<p>a</p>"
    film = rows[1].get("deep.film") or rows[1]["deep"]["film"]
    assert (film["_type"], film["caption"]) == ("video-file", "three")
    assert files[film["path"]] == "GIF89a first"
    assert rows[1]["../up"]["path"].startswith("media/html/__/up_1_")
    assert rows[2]["counted"] == {"_type": "histogram", "values": [4, 5], "bins": [0.0, 1.0, 2.0]}


def test_a_table_is_a_file_and_an_artifact(read: Any) -> None:
    entry = read["rows"][3]["results"]
    assert (entry["_type"], entry["nrows"], entry["ncols"]) == ("table-file", 2, 3)
    assert read["rows"][4]["results"] == entry
    assert read["summary"] == 2
    shown = json.loads(read["files"][entry["path"]])
    assert shown == {
        "columns": ["name", "score", "page"],
        "data": [["row 0", 0.5, "Html"], ["row 1", None, None]],
    }
    kind, columns, cells = read["tables"]["run-m-results:v0"]
    assert (kind, columns) == ("run_table", ["name", "score", "page"])
    assert cells == [["row 0", 0.5, "in a cell"], ["row 1", None, None]]
    assert len(read["tables"]["held:v0"][2]) == 3


def test_no_daemon_is_needed(bare_home: Any) -> None:
    done = bare_home.python(
        """
        import time, pannier as wandb
        with wandb.init(project="p", id="m") as run:
            began = time.monotonic()
            run.log({"page": wandb.Html("a"), "results": wandb.Table(["x"], [[1]])})
            print("took", time.monotonic() - began)
        """
    )
    assert float(done.stdout.split("took")[1]) < 1
    assert "warning: could not" not in done.stderr
    spool = bare_home.path / "spool"
    assert len([path for path in spool.rglob("*") if path.is_file() and "files" in path.parts]) >= 3


def test_columns_keep_to_one_kind() -> None:
    table = pannier.Table(columns=["a", "b"], data=[[1, "x"], [2.5, None]])
    with pytest.raises(TypeError, match="allow_mixed_types"):
        table.add_data("one", "y")
    with pytest.raises(ValueError, match="expects 2 columns"):
        table.add_data(1)
    table.add_column("c", [True, False])
    assert table.get_column("c") == [True, False]
    assert list(table.iterrows())[1] == (1, [2.5, None, False])
    mixed = pannier.Table(columns=["a"], data=[[1], ["x"]], allow_mixed_types=True)
    assert mixed.get_column("a") == [1, "x"]


def test_histograms() -> None:
    assert pannier.Histogram([1, 2, 2, 3, 3, 3], num_bins=3).histogram == [1, 2, 3]
    with pytest.raises(ValueError, match="512"):
        pannier.Histogram(list(range(600)), num_bins=513)
    with pytest.raises(ValueError, match="must be len"):
        pannier.Histogram(np_histogram=([1, 2], [0, 1]))


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("PIL", "PIL.Image", "soundfile"):
        monkeypatch.setitem(sys.modules, name, None)
    with open("a.png", "wb") as file:
        file.write(png(7))
    with pytest.raises(ImportError, match="pip install pillow"):
        pannier.Image("a.png")
    with pytest.raises(ImportError, match="pip install soundfile"):
        pannier.Audio([0.0, 0.1], sample_rate=8000)
    with pytest.raises(TypeError, match="imageio"):
        pannier.Video([[[0]]])


def test_keys_stay_where_they_are() -> None:
    assert safe("/a/../b/./c") == "a/__/b/_/c"
