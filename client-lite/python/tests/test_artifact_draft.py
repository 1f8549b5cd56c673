"""Drafts of artifacts: what goes in, its digest, and what they refuse."""

from __future__ import annotations

import datetime
import http.server
import os
import pathlib
import threading
from collections.abc import Iterator

import pytest

import pannier
from pannier._artifacts import staging
from pannier._artifacts.artifact import Artifact
from pannier.errors import ArtifactFinalizedError, ArtifactNotLoggedError, CommError


@pytest.fixture
def files(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The folder of which W&B's SDK 0.31.0 says what the tests below expect."""
    monkeypatch.setenv("PANNIER_HOME", str(tmp_path / "home"))
    folder = tmp_path / "d"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("alpha\n")
    (folder / "sub" / "b.bin").write_bytes(bytes(range(256)))
    (folder / "empty").touch()
    (folder / "ü x.txt").write_text("u")
    return folder


def draft() -> Artifact:
    return Artifact("x", "t")


def test_digests_are_those_of_wandb(files: pathlib.Path) -> None:
    assert draft().digest == "64e7c61456b10382e2f3b571ac24b659"
    artifact = draft()
    artifact.add_dir(str(files))
    assert artifact.digest == "59b2a8385370445575740641dc336137"
    assert artifact.size == 263
    assert {path: entry.digest for path, entry in artifact.manifest.entries.items()} == {
        "a.txt": "n5+Q2+Pl7hIYyGuIOdsZlQ==",
        "empty": "1B2M2Y8AsgTpgAmY7PhCfg==",
        "sub/b.bin": "4shl20Fivtljv6qe9qwY8A==",
        "ü x.txt": "e3dO/+SjScbdgq1PTyHTTA==",
    }
    references = draft()
    references.add_reference("zz://b/k.bin", name="k.bin", checksum=False)
    references.add_reference("https://e.org/f.txt", checksum=False)
    assert references.digest == "04a467c976ae34761286f275c3ee3376"
    temporary = draft().add_file(str(files / "a.txt"), name="q/z.tar.gz", is_tmp=True)
    assert temporary.path == "q/9f9f90dbe3e5ee1218c8.tar.gz"


def test_a_file_reference_is_read_or_not(files: pathlib.Path) -> None:
    artifact = draft()
    uri = (files / "a.txt").as_uri()
    (read,) = artifact.add_reference(uri)
    (unread,) = artifact.add_reference(uri, name="n", checksum=False)
    assert (read.path, read.digest, read.size, read.ref) == (
        "a.txt",
        "n5+Q2+Pl7hIYyGuIOdsZlQ==",
        6,
        uri,
    )
    assert unread.digest != read.digest
    assert unread.size == 6
    assert read.ref_target() == uri
    folder = artifact.add_reference(files.as_uri(), name="all")
    assert sorted(entry.path for entry in folder) == [
        "all/a.txt",
        "all/empty",
        "all/sub/b.bin",
        "all/ü x.txt",
    ]
    with pytest.raises(ValueError, match="Exceeded 2 objects"):
        artifact.add_reference(files.as_uri(), max_objects=2)
    with pytest.raises(ValueError, match="must be a valid file"):
        artifact.add_reference((files / "none").as_uri())
    with pytest.raises(ValueError, match="must be URIs"):
        artifact.add_reference("a.txt")
    with pytest.raises(ValueError, match='name="<entry_name>"'):
        artifact.add_reference("zz://b/k.bin")
    (bucket,) = artifact.add_reference("s3://b/k/f.bin?versionId=1")
    assert (bucket.path, bucket.digest) == ("k/f.bin", "s3://b/k/f.bin")


class _Store(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(405 if self.path == "/nohead" else 200)
        self._rest()

    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/gone" else 200)
        self._rest()
        self.wfile.write(b"12345")

    def _rest(self) -> None:
        self.send_header("ETag", '"tag-1"')
        self.send_header("Content-Length", "5")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Store)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_web_reference_is_asked_for_its_etag(store: str) -> None:
    artifact = draft()
    for path in ("/x.bin", "/nohead"):
        (entry,) = artifact.add_reference(store + path)
        assert (entry.digest, entry.size, entry.extra) == ("tag-1", 5, {"etag": '"tag-1"'})
    with pytest.raises(CommError, match="checksum=False asks nobody"):
        artifact.add_reference("http://127.0.0.1:1/x")


def test_content_is_what_it_was_when_it_was_added(files: pathlib.Path) -> None:
    kept, read_late = draft(), draft()
    kept.add_file(str(files / "a.txt"))
    read_late.add_file(files / "a.txt", policy="immutable")
    (files / "a.txt").write_text("other\n")
    assert kept.manifest.entries["a.txt"].digest == "n5+Q2+Pl7hIYyGuIOdsZlQ=="
    assert read_late.manifest.entries["a.txt"].digest != "n5+Q2+Pl7hIYyGuIOdsZlQ=="
    assert kept.get_added_local_path_name(str(files / "a.txt")) == "a.txt"
    with pytest.raises(ValueError, match="Invalid policy 'x'"):
        kept.add_file(str(files / "a.txt"), policy="x")
    with pytest.raises(ValueError, match="Path is not a file"):
        kept.add_file(str(files))
    with pytest.raises(ValueError, match="Path is not a directory"):
        kept.add_dir(str(files / "a.txt"))


def test_a_small_file_is_copied_only_if_it_changes(files: pathlib.Path) -> None:
    artifact = draft()
    artifact.add_dir(str(files))
    here = str(files / "a.txt")
    assert dict(artifact._files_to_log())["a.txt"] == here
    (files / "a.txt").write_text("omega\n")
    (files / "sub" / "b.bin").unlink()
    logged = {path: pathlib.Path(local) for path, local in artifact._files_to_log()}
    assert logged["a.txt"].read_text() == "alpha\n"
    assert logged["sub/b.bin"].read_bytes() == bytes(range(256))
    assert logged["empty"] == files / "empty"
    assert artifact.digest == "59b2a8385370445575740641dc336137"


def test_private_copies_go_with_their_owner(files: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (files / "large").write_bytes(bytes(1 << 17))
    artifact = draft()
    artifact.add_dir(str(files))
    (files / "large").write_bytes(b"")
    assert dict(artifact._files_to_log())["large"] != str(files / "large")
    assert artifact.manifest.entries["large"].size == 1 << 17
    folder = tmp_path / "home" / "staging"
    assert len(os.listdir(folder)) == 1
    del artifact
    assert os.listdir(folder) == []


def test_what_a_killed_program_left_is_swept(
    files: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    folder = tmp_path / "home" / "staging"
    dead = folder / f"{socket.gethostname()}-999999999-abc"
    elsewhere = folder / "another-host-1-abc"
    for left in (dead, elsewhere):
        left.mkdir(parents=True)
    monkeypatch.setattr(staging, "_swept", False)
    with draft().new_file("a.txt"):
        pass
    assert not dead.exists()
    assert elsewhere.exists()


def test_a_path_is_added_once(files: pathlib.Path) -> None:
    artifact = draft()
    first = artifact.add_file(str(files / "a.txt"))
    assert artifact.add_file(str(files / "a.txt")).digest == first.digest
    with pytest.raises(ValueError, match="Cannot add the same path twice: 'a.txt'"):
        artifact.add_file(str(files / "empty"), name="a.txt")
    assert artifact.add_file(str(files / "empty"), name="a.txt", overwrite=True).size == 0
    with pytest.raises(ValueError, match="same path twice"):
        artifact.add_dir(str(files))
    artifact.add_dir(str(files), merge=True)
    artifact.add_dir(str(files), name="again")
    artifact.remove("again/sub")
    artifact.remove("again/a.txt")
    assert sorted(artifact.manifest.entries) == [
        *("a.txt", "again/empty", "again/ü x.txt", "empty", "sub/b.bin", "ü x.txt")
    ]
    with pytest.raises(FileNotFoundError):
        artifact.remove("again/sub")


def test_a_folder_that_leads_back_to_itself(files: pathlib.Path) -> None:
    (files / "sub" / "up").symlink_to(files)
    artifact = draft()
    artifact.add_dir(str(files))
    assert len(artifact.manifest) == 4
    (files / "broken").symlink_to("nowhere")
    with pytest.raises(ValueError, match="Path is not a file"):
        draft().add_dir(str(files))


def test_new_files(files: pathlib.Path) -> None:
    artifact = draft()
    with artifact.new_file("sub/n.txt") as file:
        file.write("one")
    with artifact.new_file("b.bin", "wb") as file:
        file.write(b"\0")
    with pytest.raises(ValueError, match="already exists"), artifact.new_file("sub/n.txt"):
        pass
    with artifact.new_file("sub/n.txt", "w", encoding="utf-16") as file:
        file.write("two")
    assert artifact.manifest.entries["sub/n.txt"].size == 8
    with pytest.raises(RuntimeError), artifact.new_file("failed") as file:
        raise RuntimeError
    assert "failed" not in artifact.manifest.entries


def test_objects_that_know_how(files: pathlib.Path) -> None:
    class Knows:
        def _to_artifact(self, artifact: Artifact, name: str) -> object:
            with artifact.new_file(f"{name}.json") as file:
                file.write("{}")
            return artifact.manifest.entries[f"{name}.json"]

    artifact = draft()
    assert artifact.add(Knows(), "k").path == "k.json"
    artifact["l"] = Knows()
    assert sorted(artifact.manifest.entries) == ["k.json", "l.json"]
    with pytest.raises(TypeError, match=r"add_file\(\)"):
        artifact.add(object(), "o")


def test_what_only_a_version_has() -> None:
    artifact = draft()
    assert artifact.is_draft()
    assert (artifact.id, artifact.state, artifact.name, artifact.type) == (
        None,
        "PENDING",
        "x",
        "t",
    )
    assert repr(artifact) == "<Artifact x>"
    for name in (
        *("version", "entity", "project", "qualified_name", "collection", "aliases", "tags", "url"),
        *("created_at", "updated_at", "file_count", "commit_hash", "history_step", "linked_at"),
        *("linked_artifacts", "source_artifact", "source_entity", "source_version", "ttl"),
    ):
        with pytest.raises(ArtifactNotLoggedError, match="used prior to logging artifact"):
            getattr(artifact, name)
    for call in ("download", "verify", "checkout", "file", "files", "used_by", "logged_by"):
        with pytest.raises(ArtifactNotLoggedError):
            getattr(artifact, call)()
    for later in (artifact.wait, artifact.delete, artifact.unlink, artifact.new_draft):
        with pytest.raises(ArtifactNotLoggedError):
            later()
    with pytest.raises(ArtifactNotLoggedError):
        artifact.get_entry("a")
    assert issubclass(ArtifactNotLoggedError, AttributeError)
    assert pannier.sdk.artifacts.exceptions.ArtifactNotLoggedError is ArtifactNotLoggedError


def test_what_is_final_is_not_changed(files: pathlib.Path) -> None:
    artifact = draft()
    artifact.finalize()
    for change in (
        lambda: artifact.add_file(str(files / "a.txt")),
        lambda: artifact.add_dir(str(files)),
        lambda: artifact.add_reference("s3://b/k"),
        lambda: artifact.remove("a"),
        lambda: artifact.add(object(), "a"),
        lambda: artifact.new_file("a").__enter__(),
    ):
        with pytest.raises(ArtifactFinalizedError, match="Can't modify finalized artifact"):
            change()


def test_a_ttl_is_a_duration_or_inherited_or_none() -> None:
    artifact = draft()
    assert artifact._ttl_to_say() is None
    artifact.ttl = datetime.timedelta(days=1)
    assert (artifact.ttl, artifact._ttl_to_say()) == (datetime.timedelta(days=1), 86400)
    artifact.ttl = None
    assert (artifact.ttl, artifact._ttl_to_say()) == (None, -2)
    artifact.ttl = pannier.ArtifactTTL.INHERIT
    assert artifact._ttl_to_say() == -1
    with pytest.raises(ValueError, match="has to be positive"):
        artifact.ttl = datetime.timedelta(0)
