"""Owns `Image`: a picture, from an array, pillow, matplotlib, a tensor or a file."""

from __future__ import annotations

import io
import os
from typing import Any

from .. import _term
from .base import Media, captions, figure_of, module_of, need
from .overlays import BoundingBoxes2D, ImageMask, all_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._artifacts.artifact import Artifact
    from .rows import Place

_FORMATS = ("png", "jpg", "jpeg", "bmp")
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class Image(Media):
    """A picture, `(height, width, channel)` with values from 0 to 255 where it is an
    array; tensors of torch are `(channel, height, width)`."""

    MAX_ITEMS = 108
    _log_type = "image-file"
    _folder = "media/images"

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Sequence[dict[str, Any]] | None = None,
        boxes: dict[str, Any] | None = None,
        masks: dict[str, Any] | None = None,
        file_type: str | None = None,
    ) -> None:
        super().__init__(caption)
        self._grouping = grouping
        self._width: int | None = None
        self._height: int | None = None
        self._boxes = all_of(BoundingBoxes2D, boxes, "boxes")
        self._masks = all_of(ImageMask, masks, "masks")
        if isinstance(data_or_path, Image):
            self._of_image(data_or_path, caption, grouping)
        elif isinstance(data_or_path, (str, os.PathLike)):
            path = os.fspath(data_or_path)
            if "://" in path:
                raise ValueError(f"{path!r} is an address; pannier.Image takes local files")
            self.format = os.path.splitext(path)[1][1:]
            self._hold_file(path)
            with _pillow().open(self._file) as image:
                self._width, self._height = image.size
        else:
            self._of_data(data_or_path, mode, file_type)

    def _of_image(self, other: Image, caption: str | None, grouping: int | None) -> None:
        # Boxes and masks are of the new one, as it was given them.
        drawn = {"_boxes": self._boxes, "_masks": self._masks}
        self.__dict__.update({**other.__dict__, **drawn})
        self._hold_file(other._file, other._extension)
        self._named, self._own = other._named, other._own
        self._caption = other._caption if caption is None else caption
        self._grouping = other._grouping if grouping is None else grouping

    def _of_data(self, data: Any, mode: str | None, file_type: str | None) -> None:
        self.format = file_type or "png"
        if self.format not in _FORMATS:
            raise ValueError(f"file_type must be one of {list(_FORMATS)}")
        buffer = io.BytesIO()
        kind = module_of(data)
        if kind == "matplotlib":
            figure_of(data).savefig(buffer, format=self.format)
            with _pillow().open(buffer) as image:
                self._width, self._height = image.size
        else:
            image = data if kind == "PIL" else _of_array(data, kind, mode, self.format)
            self._width, self._height = image.size
            image.save(buffer, format="JPEG" if self.format == "jpg" else self.format.upper())
        self._hold(buffer.getvalue(), f".{self.format}")

    @property
    def image(self) -> Any:
        """The picture as pillow's."""
        image = _pillow().open(self._file)
        image.load()
        return image

    def _facts(self) -> dict[str, Any]:
        said = super()._facts()
        said.update(format=self.format, width=self._width, height=self._height)
        if self._grouping:
            said["grouping"] = self._grouping
        return said

    def _to_row(self, place: Place) -> dict[str, Any]:
        said = super()._to_row(place)
        for name, drawn in (("boxes", self._boxes), ("masks", self._masks)):
            if drawn:
                said[name] = {key: one._to_row(place) for key, one in drawn.items()}
        return said

    def _in_artifact(self, artifact: Artifact) -> dict[str, Any]:
        if self._boxes or self._masks:
            _term.warn_once("boxes and masks of a pannier.Image are left out of artifacts")
        return super()._in_artifact(artifact)

    @classmethod
    def _list_to_row(cls, items: Sequence[Image], place: Place) -> dict[str, Any]:
        if len(items) > cls.MAX_ITEMS:
            _term.warn_once(f"only {cls.MAX_ITEMS} images are logged under one key at one step")
        kept = items[: cls.MAX_ITEMS]
        rows = [image._to_row(place) for image in kept]
        first = kept[0]
        said: dict[str, Any] = {
            "_type": "images/separated",
            "width": first._width,
            "height": first._height,
            "format": first.format,
            "count": len(kept),
            "filenames": [row["path"] for row in rows],
        }
        texts = captions(kept)
        if texts is not None:
            said["captions"] = texts
        for name in ("masks", "boxes"):
            drawn = [row.get(name) for row in rows]
            if any(drawn):
                said[f"all_{name}"] = drawn
        return said

    @classmethod
    def _from_artifact(cls, said: dict[str, Any], artifact: Artifact) -> Image:
        path = artifact.get_entry(said["path"]).download()
        return cls(path, caption=said.get("caption"), grouping=said.get("grouping"))


def _of_array(data: Any, kind: str, mode: str | None, format: str) -> Any:
    if kind == "torch":
        data = data.detach() if hasattr(data, "detach") else data
        if data.ndim == 3:
            data = data.permute(1, 2, 0)
        data = data.cpu()
    numpy = need("numpy", "numpy", "a picture of an array")
    array = numpy.asarray(data.numpy() if hasattr(data, "numpy") else data)
    if array.ndim > 2:
        array = array.squeeze()
    channels = 1 if array.ndim == 2 else array.shape[-1]
    if array.ndim not in (2, 3) or channels not in _MODES:
        raise ValueError(f"an array of the shape {list(array.shape)} is no picture")
    guessed = _MODES[channels]
    if guessed == "RGBA" and format in ("jpg", "jpeg"):
        _term.warn_once("JPEG knows no transparency; the alpha channel is left out")
        guessed = "RGB"
    return _pillow().fromarray(array.astype(numpy.uint8)).convert(mode or guessed)


def _pillow() -> Any:
    return need("PIL.Image", "pillow", "pannier.Image")
