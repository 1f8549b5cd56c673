"""Owns what is in a version: its entries, and W&B's digest over them.

A file's digest is computed when it is first asked for: to log a file, nobody here
needs it.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any
from urllib.parse import urlsplit

from .._api.client import md5_of
from .names import check_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .artifact import Artifact

_HEADER = b"wandb-artifact-manifest-v1\n"
#: Where an entry says that its digest is no MD5.
_ALGORITHM = "alg"
ARTIFACT_SCHEME = "wandb-artifact"


class ArtifactManifestEntry:
    """A file of an artifact, or a reference to one elsewhere."""

    def __init__(
        self,
        path: str,
        digest: str | None = None,
        ref: str | None = None,
        birth_artifact_id: str | None = None,
        size: int | None = None,
        extra: dict[str, Any] | None = None,
        local_path: str | None = None,
    ) -> None:
        self.path = path
        self.ref = ref
        self.birth_artifact_id = birth_artifact_id
        self.size = os.path.getsize(local_path) if size is None and local_path else size
        self.extra: dict[str, Any] = extra or {}
        #: The file on this machine that is still to be logged.
        self.local_path = local_path
        #: What the file held when it was added, where that is remembered.
        self._content: bytes | None = None
        self._digest = digest
        self._parent: Artifact | None = None

    @property
    def name(self) -> str:
        """An older name of `path`."""
        return self.path

    @property
    def digest(self) -> str:
        """Base64 of a file's MD5; for a reference, what its store calls it."""
        if self._digest is None:
            if self.local_path is None:
                raise ValueError(f"the file of entry {self.path!r} is not known")
            content = self._content
            self._digest = file_digest(self.local_path) if content is None else digest_of(content)
        return self._digest

    def digest_algorithm(self) -> str:
        """How the digest was computed: `MANIFEST_MD5` or `MANIFEST_XXH128`."""
        return f"MANIFEST_{self.extra.get(_ALGORITHM) or 'MD5'}"

    def parent_artifact(self) -> Artifact:
        """The artifact that it is an entry of."""
        if self._parent is None:
            raise NotImplementedError("this entry belongs to no artifact that was logged")
        return self._parent

    def download(
        self,
        root: str | None = None,
        skip_cache: bool | None = None,
        executor: object = None,
    ) -> str:
        """Fetches this one file into `root`, and returns its path there."""
        from .fetch import fetch_one

        artifact = self.parent_artifact()
        return fetch_one(artifact, self, artifact._download_root(root))

    def ref_target(self) -> str:
        """Where a reference leads."""
        if self.ref is None:
            raise ValueError("Only reference entries support ref_target().")
        if self._parent is not None and self.ref.startswith(f"{ARTIFACT_SCHEME}://"):
            inner = self._parent._referenced(self.ref)
            return inner.ref_target() if inner.ref is not None else self.ref
        return self.ref

    def ref_url(self) -> str:
        """An address of this entry that `Artifact.add_reference` takes."""
        parent = self.parent_artifact()
        if parent.id is None:
            raise ValueError("Parent artifact ID is not set")
        return f"{ARTIFACT_SCHEME}://{hex_of(parent.id)}/{self.path}"

    def to_json(self) -> dict[str, Any]:
        """The entry as a dict, as a manifest has it."""
        fields = {
            "path": self.path,
            "digest": self.digest,
            "ref": self.ref,
            "birthArtifactID": self.birth_artifact_id,
            "size": self.size,
            "extra": self.extra or None,
            "local_path": self.local_path,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ArtifactManifestEntry):
            return NotImplemented
        return self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.to_json().items())
        return f"ArtifactManifestEntry({shown})"


class ArtifactManifest:
    """The entries of an artifact, by path."""

    def __init__(self, entries: dict[str, ArtifactManifestEntry] | None = None) -> None:
        self.entries: dict[str, ArtifactManifestEntry] = entries or {}

    @classmethod
    def from_manifest_json(cls, manifest: dict[str, Any]) -> ArtifactManifest:
        """Reads a manifest; its paths are what its maker said, and not to be trusted."""
        if manifest.get("version") != 1:
            raise ValueError(f"Invalid manifest version: {manifest.get('version')!r}")
        return cls({path: _entry(path, said) for path, said in manifest["contents"].items()})

    def to_manifest_json(self) -> dict[str, Any]:
        """The manifest as W&B keeps it."""
        hidden = ("path", "local_path")
        return {
            "version": 1,
            "storagePolicy": "wandb-storage-policy-v1",
            "storagePolicyConfig": {"storageLayout": "V2"},
            "contents": {
                path: {name: v for name, v in entry.to_json().items() if name not in hidden}
                for path, entry in self.entries.items()
            },
        }

    def digest(self) -> str:
        """What names this content everywhere: MD5 over the sorted paths and digests."""
        digest = hashlib.md5(_HEADER, usedforsecurity=False)
        for path in sorted(self.entries):
            digest.update(f"{path}:{self.entries[path].digest}\n".encode())
        return digest.hexdigest()

    def size(self) -> int:
        """Bytes of all entries, references included."""
        return sum(entry.size or 0 for entry in self.entries.values())

    def add_entry(self, entry: ArtifactManifestEntry, overwrite: bool = False) -> None:
        """Adds one; the path of another file is refused unless it may be replaced."""
        entry.path = check_path(entry.path)
        known = self.entries.get(entry.path)
        if known is not None and not overwrite and known.digest != entry.digest:
            raise ValueError(f"Cannot add the same path twice: {entry.path!r}")
        self.entries[entry.path] = entry

    def remove_entry(self, entry: ArtifactManifestEntry) -> None:
        """Takes one out."""
        if self.entries.pop(entry.path, None) is None:
            raise FileNotFoundError(f"Cannot remove missing entry: {entry.path!r}")

    def get_entry_by_path(self, path: str) -> ArtifactManifestEntry | None:
        """The entry of exactly this path."""
        return self.entries.get(path)

    def get_entries_in_directory(self, directory: str) -> list[ArtifactManifestEntry]:
        """Every entry below this directory."""
        prefix = f"{directory}/"
        return [entry for path, entry in self.entries.items() if path.startswith(prefix)]

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"ArtifactManifest(entries={self.entries!r})"


def file_digest(path: str) -> str:
    """Base64 of a file's MD5."""
    return base64.b64encode(md5_of(path)).decode()


def digest_of(content: bytes) -> str:
    """Base64 of the MD5 of bytes."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def hex_of(artifact_id: str) -> str:
    """A version's id, as references to its files spell it."""
    return base64.b64decode(artifact_id).hex()


def id_of(hex_id: str) -> str:
    """The opposite of `hex_of`."""
    return base64.b64encode(bytes.fromhex(hex_id)).decode()


def split_reference(ref: str) -> tuple[str, str]:
    """The id of the version, and the path in it, of a `wandb-artifact://` reference."""
    split = urlsplit(ref)
    return id_of(split.netloc), split.path.lstrip("/")


def _entry(path: str, said: dict[str, Any]) -> ArtifactManifestEntry:
    size = said.get("size")
    return ArtifactManifestEntry(
        path,
        str(said["digest"]),
        said.get("ref"),
        said.get("birthArtifactID"),
        None if size is None else int(size),
        said.get("extra") or {},
    )
