"""Owns `Media`: a value that is a file, held as it was when it was made.

It knows how a file becomes part of a run's row or of an artifact; not what is in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import weakref
from typing import Any

from .._artifacts.staging import Staging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._artifacts.artifact import Artifact
    from .._artifacts.manifest import ArtifactManifestEntry
    from .rows import Place

_PIECE = 1 << 20


class _Owner:
    """Holds a process's copies until it ends."""


_owner = _Owner()
# By process: a forked child must not take its parent's file names.
_staging: dict[int, Staging] = {}


class Value:
    """Something that a row says as one JSON object of its own `_type`."""

    _log_type = ""

    def _to_row(self, place: Place) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def _list_to_row(cls, items: Sequence[Any], place: Place) -> Any:
        """Several of a kind under one key."""
        return [item._to_row(place) for item in items]

    def _in_artifact(self, artifact: Artifact) -> dict[str, Any]:
        raise NotImplementedError

    def _to_artifact(self, artifact: Artifact, name: str) -> ArtifactManifestEntry:
        import json

        said = self._in_artifact(artifact)
        path = suffixed(name, self._log_type)
        with artifact.new_file(path, mode="w", encoding="utf-8") as file:
            json.dump(said, file, sort_keys=True)
        entry = artifact.manifest.get_entry_by_path(path)
        assert entry is not None
        return entry

    @classmethod
    def _from_artifact(cls, said: dict[str, Any], artifact: Artifact) -> Any:
        raise NotImplementedError


class Media(Value):
    """A file. Its content is what it was when this was made, whatever becomes of it."""

    #: Where its files are, in a run and in an artifact.
    _folder = ""

    def __init__(self, caption: str | None = None) -> None:
        self._caption = caption
        self._file = ""
        self._named = ""
        self._own = True
        self._extension = ""
        self._sha256 = ""
        self._size = 0

    def _hold(self, content: bytes, extension: str) -> None:
        """Content that was made here."""
        self._keep(_here().keep(content), extension)

    def _hold_json(self, value: object, extension: str) -> None:
        """JSON to the byte as W&B writes it, so that the same content has the same digest."""
        import json

        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        self._hold(text.encode("utf-8", "replace"), extension)

    def _hold_file(self, path: str, extension: str | None = None) -> None:
        """A file of the user, which may change from here on."""
        if not os.path.isfile(path):
            raise FileNotFoundError(f"there is no file {path!r} to log")
        self._named, self._own = os.path.basename(path), False
        self._keep(_here().copy(path), extension or os.path.splitext(path)[1])

    def _keep(self, file: str, extension: str) -> None:
        self._file, self._extension = file, extension
        weakref.finalize(self, _remove, file, os.getpid())
        digest = hashlib.sha256()
        with open(file, "rb") as content:
            while piece := content.read(_PIECE):
                digest.update(piece)
            self._size = content.tell()
        self._sha256 = digest.hexdigest()

    def _facts(self) -> dict[str, Any]:
        """What is said of it beside the file."""
        return {} if self._caption is None else {"caption": self._caption}

    def _to_row(self, place: Place) -> dict[str, Any]:
        path = f"{self._folder}/{safe(place.key)}_{place.step}_{self._sha256[:20]}{self._extension}"
        place.log_file(path, self._file)
        said = {"_type": f"{self._log_type}", "sha256": self._sha256, "size": self._size}
        return {**said, "path": path, **self._facts()}

    def _in_artifact(self, artifact: Artifact) -> dict[str, Any]:
        if self._own:
            name = f"{self._folder}/content{self._extension}"
        else:
            name = f"{self._folder}/{self._sha256[:20]}/{self._named}"
        entry = artifact.add_file(self._file, name, is_tmp=self._own)
        said = {"_type": self._log_type, "sha256": self._sha256, "size": self._size}
        return {**said, "path": entry.path, **self._facts()}

    @classmethod
    def _from_artifact(cls, said: dict[str, Any], artifact: Artifact) -> Any:
        path = artifact.get_entry(said["path"]).download()
        make: Any = cls
        return make(path, caption=said.get("caption"))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._sha256 == getattr(other, "_sha256", "")

    __hash__ = None  # type: ignore[assignment]


def suffixed(name: str, kind: str) -> str:
    """The path in an artifact of an object that was added as `name`."""
    ending = f".{kind}.json"
    return name if name.endswith(ending) else name + ending


def safe(key: str) -> str:
    """A key as part of a path that stays where it is."""
    parts = str(key).lstrip("/").split("/")
    return "/".join("_" * len(part) if part in (".", "..") else part for part in parts)


def captions(items: Sequence[Media]) -> list[str | None] | None:
    """Of several together: none where the first has none."""
    return None if items[0]._caption is None else [item._caption for item in items]


def need(module: str, package: str, why: str) -> Any:
    """An optional module, or an error that says what to install."""
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        raise ImportError(f"{why} needs the package {package}: pip install {package}") from None


def module_of(obj: object) -> str:
    """The top-level package that defines an object's class, or a class it is made of."""
    if type(obj) is type(os):  # a module: pyplot stands for its current figure
        return str(obj.__name__).partition(".")[0]
    tops = [kind.__module__.partition(".")[0] for kind in type(obj).__mro__]
    known = ("torch", "matplotlib", "plotly", "PIL", "pandas", "numpy")
    return next((top for top in tops if top in known), tops[0])


def figure_of(drawn: Any) -> Any:
    """matplotlib's figure: the current one of pyplot, that of an axis, or itself."""
    return drawn.gcf() if hasattr(drawn, "gcf") else getattr(drawn, "figure", drawn)


def _here() -> Staging:
    return _staging.setdefault(os.getpid(), Staging(_owner))


def _remove(path: str, pid: int) -> None:
    if os.getpid() == pid:
        with contextlib.suppress(OSError):
            os.remove(path)
