"""Downloads of artifacts: whatever a manifest says, nothing is written outside the
root, nothing wrong is kept, and what was cut off goes on where it was."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import pathlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pannier._api.client import Client
from pannier._api.web import Web
from pannier._artifacts.artifact import Artifact
from pannier._artifacts.names import Path
from pannier.errors import CommError

HOSTILE = [
    *("/etc/passwd", "../out", "a/../../out", "..", "C:/out", "a\\..\\out", "a\0b", "", "x" * 300),
]


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


class Server:
    """Serves one version, and misbehaves as told."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.entries: dict[str, Any] = {}
        self.cut: dict[str, int] = {}
        self.ranges: list[str] = []
        self.gone: set[str] = set()
        self.knows_ranges = True
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._send(json.dumps({"data": outer.answer(body)}).encode())

            def do_GET(self) -> None:
                outer.serve(self)

            def _send(self, data: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def add(self, path: str, data: bytes, **said: Any) -> None:
        """A file of the version; `said` is where its entry lies."""
        self.files[path] = data
        self.entries[path] = {"digest": md5(data), "size": len(data), **said}

    def answer(self, body: dict[str, Any]) -> Any:
        """What GraphQL says."""
        operation, variables = body["operationName"], body["variables"]
        self.asked.append(operation)
        if operation == "FetchArtifactManifest":
            return {
                "artifact": {"currentManifest": {"file": {"directUrl": f"{self.url}/manifest"}}}
            }
        if operation == "ArtifactByID":
            return {"artifact": said("other") if variables["id"] == "b3RoZXI=" else None}
        assert operation == "GetArtifactMembershipFileUrls"
        names = sorted(self.files if variables["names"] is None else variables["names"])
        edges = [
            {"node": {"name": n, "directUrl": f"{self.url}/f/{names.index(n)}"}} for n in names
        ]
        self.order = names
        page = {"edges": edges, "pageInfo": {"hasNextPage": False, "endCursor": None}}
        return {"project": {"artifactCollection": {"artifactMembership": {"files": page}}}}

    def serve(self, handler: Any) -> None:
        """A manifest or a file."""
        if handler.path == "/manifest":
            data = json.dumps({"version": 1, "contents": self.entries}).encode()
            name, start = "", 0
        else:
            name = self.order[int(handler.path.rpartition("/")[2])]
            data = self.files[name]
            wanted = handler.headers.get("Range")
            if wanted:
                self.ranges.append(wanted)
            start = int(wanted[6:-1]) if wanted and self.knows_ranges else 0
        if name in self.gone:
            handler.send_response(404)
            handler.end_headers()
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        end = self.cut.pop(name, len(data))
        handler.wfile.write(data[start:end])

    def artifact(self) -> Artifact:
        """The version, as its user holds it."""
        client = Client(Web(self.url, None), 5.0)
        return Artifact._from_said(client, Path("e", "p", "c:v0"), said("c"))


def said(name: str) -> dict[str, Any]:
    return {
        "id": base64.b64encode(name.encode()).decode(),
        "artifactSequence": {"name": name, "project": {"name": "p", "entity": {"name": "e"}}},
        "versionIndex": 0,
        "artifactType": {"name": "t"},
        "state": "COMMITTED",
        "digest": "d",
        "size": 0,
    }


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()


def below(root: pathlib.Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_all_or_some(server: Server, tmp_path: pathlib.Path) -> None:
    for i in range(50):
        server.add(f"d{i % 3}/f{i}", b"%d" % i)
    artifact = server.artifact()
    root = tmp_path / "root"
    assert artifact.download(root) == str(root)
    assert below(root) == server.files
    assert artifact.verify(str(root)) is None
    some = tmp_path / "some"
    artifact.download(some, path_prefix="d1/")
    assert set(below(some)) == {name for name in server.files if name.startswith("d1/")}
    one = artifact.get_entry("d0/f0").download(str(tmp_path / "one"))
    assert pathlib.Path(one).read_bytes() == b"0"
    assert artifact.download() == str(tmp_path / "artifacts" / "c:v0")
    os.environ["WANDB_ARTIFACT_DIR"] = str(tmp_path / "elsewhere")
    assert artifact.download() == str(tmp_path / "elsewhere" / "c:v0")
    with pytest.raises(KeyError):
        artifact.get_entry("none")
    with pytest.raises(ValueError, match="more than one file"):
        artifact.file()


def test_what_is_there_stays_or_is_put_right(server: Server, tmp_path: pathlib.Path) -> None:
    server.add("a", b"right")
    server.add("b", b"b")
    artifact = server.artifact()
    artifact.download(tmp_path / "root")
    kept = (tmp_path / "root" / "b").stat().st_ino
    (tmp_path / "root" / "a").write_bytes(b"wrong")
    (tmp_path / "root" / "more").write_bytes(b"mine")
    with pytest.raises(ValueError, match="more which is not a member of artifact c:v0"):
        artifact.verify(str(tmp_path / "root"))
    (tmp_path / "root" / "more").unlink()
    with pytest.raises(ValueError, match="Digest mismatch for file: a"):
        artifact.verify(str(tmp_path / "root"))
    (tmp_path / "root" / "more").write_bytes(b"mine")
    artifact.download(tmp_path / "root")
    assert below(tmp_path / "root") == {"a": b"right", "b": b"b", "more": b"mine"}
    assert (tmp_path / "root" / "b").stat().st_ino == kept
    artifact.checkout(str(tmp_path / "root"))
    assert below(tmp_path / "root") == {"a": b"right", "b": b"b"}


@pytest.mark.parametrize("path", HOSTILE)
def test_no_path_leads_out(server: Server, tmp_path: pathlib.Path, path: str) -> None:
    (tmp_path / "work").mkdir()
    root = tmp_path / "work" / "deep" / "root"
    server.add(path, b"out")
    artifact = server.artifact()
    with pytest.raises(ValueError, match="Invalid artifact path"):
        artifact.download(root)
    with pytest.raises(ValueError, match="Invalid artifact path"):
        artifact.verify(str(root))
    assert below(tmp_path) == {}


def test_no_link_leads_out(server: Server, tmp_path: pathlib.Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    for folder in (outside, root):
        folder.mkdir()
    (outside / "kept").write_bytes(b"kept")
    (root / "way").symlink_to(outside)
    (root / "file").symlink_to(outside / "kept")
    server.add("file", b"file")
    server.artifact().download(root)
    assert not (root / "file").is_symlink()
    server.add("way/in", b"in")
    with pytest.raises(NotADirectoryError, match="'way' is there, and is a link or a file"):
        server.artifact().download(root)
    assert below(outside) == {"kept": b"kept"}
    # A root that is a link is the user's own choice.
    (tmp_path / "link").symlink_to(outside)
    del server.files["way/in"], server.entries["way/in"]
    server.artifact().download(tmp_path / "link")
    assert below(outside) == {"kept": b"kept", "file": b"file"}


def test_a_file_and_a_folder_of_one_name(server: Server, tmp_path: pathlib.Path) -> None:
    server.add("a", b"1")
    server.add("a/b", b"2")
    with pytest.raises(OSError, match="a"):
        server.artifact().download(tmp_path / "root")


def test_wrong_bytes_are_not_kept(server: Server, tmp_path: pathlib.Path) -> None:
    server.add("sub/bad", b"bytes")
    server.files["sub/bad"] = b"other"
    with pytest.raises(ValueError, match="Digest mismatch for file: sub/bad"):
        server.artifact().download(tmp_path / "root")
    server.files["sub/bad"] = b"longer than it was"
    with pytest.raises(ValueError, match="Digest mismatch for file: sub/bad"):
        server.artifact().download(tmp_path / "root")
    assert below(tmp_path / "root") == {}


def test_what_was_cut_off_goes_on(server: Server, tmp_path: pathlib.Path) -> None:
    data = os.urandom(3 << 20)
    server.add("big", data)
    server.cut["big"] = 1 << 20
    server.artifact().download(tmp_path / "root")
    assert below(tmp_path / "root") == {"big": data}
    assert server.ranges == [f"bytes={1 << 20}-"]


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_the_next_try_goes_on_where_the_last_one_was(
    server: Server, tmp_path: pathlib.Path, knows_ranges: bool
) -> None:
    data = os.urandom(1 << 20)
    server.add("big", data)
    root = tmp_path / "root"
    server.artifact().download(root)
    # As after a SIGKILL: a part is there, the file is not.
    from pannier._artifacts.tree import _part

    (root / "big").unlink()
    (root / _part("big", md5(data))).write_bytes(data[:1000])
    server.knows_ranges = knows_ranges
    server.artifact().download(root)
    assert below(root) == {"big": data}
    assert server.ranges == ["bytes=1000-"]
    # One that is no part of it is not built upon.
    (root / "big").unlink()
    (root / _part("big", md5(data))).write_bytes(b"x" * 1000)
    server.artifact().download(root)
    assert below(root) == {"big": data}


def test_a_server_without_the_file_is_said(server: Server, tmp_path: pathlib.Path) -> None:
    server.add("a", b"a")
    server.gone.add("a")
    with pytest.raises(CommError, match="a could not be fetched: the server answers 404"):
        server.artifact().download(tmp_path / "root")


def test_many_at_once_into_one_folder(server: Server, tmp_path: pathlib.Path) -> None:
    for i in range(20):
        server.add(f"f{i}", os.urandom(100_000))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: server.artifact().download(tmp_path / "root"), range(4)))
    assert below(tmp_path / "root") == server.files


def test_references_are_fetched_if_they_are_what_they_were(
    server: Server, tmp_path: pathlib.Path
) -> None:
    here = tmp_path / "here.txt"
    here.write_text("here")
    uri = here.as_uri()
    server.entries["r"] = {"digest": md5(b"here"), "ref": uri, "size": 4}
    server.entries["s3"] = {"digest": "s3://b/k", "ref": "s3://b/k"}
    artifact = server.artifact()
    with pytest.raises(ValueError, match="'s3' refers to s3://b/k, which pannier cannot fetch"):
        artifact.download(tmp_path / "root")
    del server.entries["s3"]
    server.artifact().download(tmp_path / "root")
    assert below(tmp_path / "root") == {"r": b"here"}
    assert server.artifact().verify(str(tmp_path / "root")) is None
    here.write_text("changed")
    with pytest.raises(ValueError, match="not the file it was"):
        server.artifact().download(tmp_path / "root")
    here.unlink()
    with pytest.raises(FileNotFoundError, match="which is not there"):
        server.artifact().download(tmp_path / "root")
    server.artifact().download(tmp_path / "root", allow_missing_references=True)
    for device in ("file:///dev/zero", "file:///"):
        server.entries["r"]["ref"] = device
        with pytest.raises(ValueError, match="which is no file"):
            server.artifact().download(tmp_path / "root")


def test_references_to_other_artifacts(server: Server, tmp_path: pathlib.Path) -> None:
    other = b"other".hex()
    server.add("data", b"data")
    server.entries["r"] = {"digest": md5(b"data"), "ref": f"wandb-artifact://{other}/data"}
    server.artifact().download(tmp_path / "root")
    assert below(tmp_path / "root") == {"data": b"data", "r": b"data"}
    server.entries["r"]["ref"] = f"wandb-artifact://{other}/r"
    with pytest.raises(ValueError, match="a reference to a reference"):
        server.artifact().download(tmp_path / "root2")
    server.entries["r"]["ref"] = f"wandb-artifact://{other}/none"
    with pytest.raises(FileNotFoundError, match="'none', which is not in"):
        server.artifact().download(tmp_path / "root3")
