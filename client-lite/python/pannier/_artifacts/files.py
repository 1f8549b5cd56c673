"""Owns the files of a version as its owner sees them: entries, downloads, checks."""

from __future__ import annotations

import base64
import os
from typing import Any

from .. import _term
from . import fetch
from .facts import Facts
from .manifest import ArtifactManifestEntry
from .names import check_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._api.artifact_files import ArtifactFiles


class Files(Facts):
    """Base of `Artifact`."""

    def get_entry(self, name: str | os.PathLike[str]) -> ArtifactManifestEntry:
        """The entry of this path; KeyError where there is none."""
        self._logged("get_entry")
        path = os.fsdecode(name)
        entry = self.manifest.entries.get(path) or self.manifest.entries.get(_clean(path))
        if entry is None:
            raise KeyError(f"Path not contained in artifact: {path}")
        entry._parent = self  # type: ignore[assignment]
        return entry

    def get_path(self, name: str | os.PathLike[str]) -> ArtifactManifestEntry:
        """An older name of `get_entry`."""
        return self.get_entry(name)

    def get(self, name: str) -> Any:
        """The table, picture or other object that was added as `name`; None where
        there is none. `get_entry(name).download()` gives a file."""
        from .._media.kinds import get

        self._logged("get")
        return get(self, name)  # type: ignore[arg-type]

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def download(
        self,
        root: str | os.PathLike[str] | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: str | os.PathLike[str] | None = None,
        multipart: bool | None = None,
    ) -> str:
        """Fetches the files, those whose path begins with `path_prefix`, to `root`, and
        returns it.

        Without `root` it is `NAME:vN` below $WANDB_ARTIFACT_DIR or `./artifacts`. What
        is there already with the right content stays, other files of the same name are
        replaced, and all others are left alone. A download that was cut off goes on
        where it was.
        """
        self._logged("download")
        folder = self._download_root(root)
        prefix = None if path_prefix is None else os.fsdecode(path_prefix)
        fetch.fetch_all(self, folder, prefix, allow_missing_references)  # type: ignore[arg-type]
        return folder

    def checkout(self, root: str | None = None) -> str:
        """Makes a folder hold this version and nothing else: other files are deleted."""
        self._logged("checkout")
        folder = root or self._download_root(None, versioned=False)
        for path in _files_in(folder):
            if path not in self.manifest.entries:
                os.remove(os.path.join(folder, path))
        return self.download(folder)

    def verify(self, root: str | None = None) -> None:
        """Compares a folder with the manifest; ValueError names what differs."""
        self._logged("verify")
        folder = root or self._download_root(None)
        for path in _files_in(folder):
            if path not in self.manifest.entries:
                raise ValueError(
                    f"Found file {os.path.join(folder, path)} which is not a member of"
                    f" artifact {self.name}"
                )
        references = 0
        for entry in self.manifest.entries.values():
            if entry.ref is not None:
                references += 1
            elif not _is_whole(os.path.join(folder, check_path(entry.path)), entry):
                raise ValueError(f"Digest mismatch for file: {entry.path}")
        if references:
            _term.warn(f"skipped verification of {references} refs")

    def file(self, root: str | None = None) -> str:
        """Fetches the only file, and returns where it is."""
        self._logged("file")
        entries = list(self.manifest.entries)
        if len(entries) != 1:
            raise ValueError(
                "This artifact contains more than one file, call `.download()` to get all"
                ' files or call .get_entry("filename").download()'
                if entries
                else "This artifact contains no file"
            )
        return self.get_entry(entries[0]).download(root)

    def files(
        self, names: list[str] | None = None, per_page: int = 50, start: str | None = None
    ) -> ArtifactFiles:
        """The files, or those with these names, as the server lists them."""
        from .._api.artifact_files import ArtifactFiles

        self._logged("files")
        return ArtifactFiles(self, names, per_page, start)  # type: ignore[arg-type]

    def _files_page(
        self, document: str, names: list[str] | None, after: str | None, first: int
    ) -> dict[str, Any]:
        """One page of what the server lists."""
        found: Any = self._asked().ask(
            document,
            entity=self.entity,
            project=self.project,
            collection=self.name.partition(":")[0],
            alias=self.version,
            names=names,
            after=after,
            first=first,
        )
        for key in ("project", "artifactCollection", "artifactMembership", "files"):
            found = (found or {}).get(key)
        if found is None:
            raise ValueError(f"Unable to fetch files for artifact: {self.name!r}")
        page: dict[str, Any] = found
        return page

    def _download_root(self, root: str | os.PathLike[str] | None, versioned: bool = True) -> str:
        if root is not None:
            return os.fsdecode(root)
        name = self.source_name if versioned else self.source_name.partition(":")[0]
        base = os.path.abspath(
            os.environ.get("PANNIER_ARTIFACT_DIR")
            or os.environ.get("WANDB_ARTIFACT_DIR")
            or os.path.join(".", "artifacts")
        )
        # Collections that other clients made may be called anything.
        if "/" in name or name.startswith("..") or not name.isprintable():
            raise ValueError(f"Invalid artifact name: {name!r}")
        return os.path.join(base, name)


def _clean(path: str) -> str:
    try:
        return check_path(path)
    except ValueError:
        return path


def _files_in(root: str) -> list[str]:
    """Every file below a folder, by its path from there."""
    return [
        os.path.relpath(os.path.join(folder, file), root)
        for folder, _, files in os.walk(root)
        for file in files
    ]


def _is_whole(path: str, entry: ArtifactManifestEntry) -> bool:
    digest = fetch.hasher(entry)
    if digest is None:
        return os.path.getsize(path) == entry.size
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return base64.b64encode(digest.digest()).decode() == entry.digest
