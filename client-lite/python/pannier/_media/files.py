"""Owns `Audio`, `Video` and `Html`: media that are files as they come."""

from __future__ import annotations

import io
import os
from typing import Any

from .base import Media, captions, need

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._artifacts.artifact import Artifact
    from .rows import Place


class Audio(Media):
    """Sound: a file, or an array of samples with their `sample_rate`."""

    _log_type = "audio-file"
    _folder = "media/audio"

    def __init__(
        self, data_or_path: Any, sample_rate: int | None = None, caption: str | None = None
    ) -> None:
        super().__init__(caption)
        self._sample_rate = sample_rate
        self._duration: float | None = None
        if isinstance(data_or_path, (str, os.PathLike)):
            self._hold_file(os.fspath(data_or_path))
            return
        if sample_rate is None:
            raise ValueError("pannier.Audio needs the sample_rate of samples")
        written = io.BytesIO()
        soundfile = need("soundfile", "soundfile", "pannier.Audio of samples")
        soundfile.write(written, data_or_path, sample_rate, format="WAV")
        self._duration = len(data_or_path) / float(sample_rate)
        self._hold(written.getvalue(), ".wav")

    @classmethod
    def _list_to_row(cls, items: Sequence[Audio], place: Place) -> dict[str, Any]:
        said: dict[str, Any] = {
            "_type": "audio",
            "count": len(items),
            "audio": [item._to_row(place) for item in items],
            "sampleRates": [item._sample_rate for item in items],
            "durations": [item._duration for item in items],
        }
        if any(item._caption is not None for item in items):
            said["captions"] = [item._caption or "" for item in items]
        return said


class Video(Media):
    """A film: a file, its bytes with their `format`. Arrays of frames
    are to be written to a file first."""

    _log_type = "video-file"
    _folder = "media/videos"
    EXTS = ("gif", "mp4", "webm", "ogg")

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        fps: int | None = None,
        format: str | None = None,
    ) -> None:
        super().__init__(caption)
        if isinstance(data_or_path, (str, os.PathLike)):
            path = os.fspath(data_or_path)
            self._check(os.path.splitext(path)[1][1:].lower())
            self._hold_file(path)
            return
        kind = format or "gif"
        self._check(kind)
        if isinstance(data_or_path, io.BytesIO):
            data_or_path = data_or_path.getvalue()
        if not isinstance(data_or_path, (bytes, bytearray)):
            raise TypeError(
                "pannier.Video takes a file or its bytes; write an array of frames to one first,"
                " for example with the package imageio: pip install imageio"
            )
        self._hold(bytes(data_or_path), f".{kind}")

    def _check(self, kind: str) -> None:
        if kind not in self.EXTS:
            raise ValueError(f"pannier.Video accepts {', '.join(self.EXTS)} formats, not {kind!r}")

    @classmethod
    def _list_to_row(cls, items: Sequence[Video], place: Place) -> dict[str, Any]:
        said: dict[str, Any] = {
            "_type": "videos",
            "count": len(items),
            "videos": [item._to_row(place) for item in items],
        }
        texts = captions(items)
        return said if texts is None else {**said, "captions": texts}


class Html(Media):
    """A page: its text, an open file, or the path of a file that ends in .html."""

    _log_type = "html-file"
    _folder = "media/html"

    def __init__(self, data: Any, inject: bool = True, data_is_not_path: bool = False) -> None:
        super().__init__()
        path = None
        if isinstance(data, (str, os.PathLike)) and not data_is_not_path:
            named = os.fspath(data)
            path = named if named.endswith(".html") and os.path.isfile(named) else None
        if path is not None:
            with open(path, encoding="utf-8") as file:
                self.html: str = file.read()
        elif isinstance(data, str):
            self.html = data
        elif hasattr(data, "read"):
            if hasattr(data, "seek"):
                data.seek(0)
            self.html = data.read()
        else:
            raise ValueError("data must be a string or an io object")
        if inject:
            self._inject_head()
        if path is not None and not inject:
            self._hold_file(path)
        else:
            self._hold(self.html.encode("utf-8", "replace"), ".html")

    def _inject_head(self) -> None:
        """Lets links open beside the page. W&B's style sheet is left out: it would have
        every page ask the cloud for it, and be without it where there is no network."""
        base = '<base target="_blank">'
        for mark, before, after in (
            ("<head>", "<head>", ""),
            ("<html>", "<html><head>", "</head>"),
            ("", "", ""),
        ):
            if mark in self.html:
                rest = self.html.split(mark, 1) if mark else ["", self.html]
                self.html = f"{rest[0]}{before}{base}{after}{rest[1]}".strip()
                return

    @classmethod
    def _list_to_row(cls, items: Sequence[Html], place: Place) -> dict[str, Any]:
        said = [item._to_row(place) for item in items]
        return {"_type": "html", "count": len(items), "html": said}

    @classmethod
    def _from_artifact(cls, said: dict[str, Any], artifact: Artifact) -> Html:
        return cls(artifact.get_entry(said["path"]).download(), inject=False)
