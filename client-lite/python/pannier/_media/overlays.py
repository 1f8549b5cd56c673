"""Owns what is drawn over a picture: boxes and masks, each a file of its own."""

from __future__ import annotations

import io
from typing import Any

from .._values import plain
from .base import Media, need


class BoundingBoxes2D(Media):
    """Boxes: `{"box_data": [{"position", "class_id", …}], "class_labels": {1: "cat"}}`."""

    _log_type = "boxes2D"
    _folder = "media/metadata/boxes2D"

    def __init__(self, val: dict[str, Any], key: str) -> None:
        super().__init__()
        if not isinstance(val.get("box_data"), list):
            raise TypeError(f"the boxes {key!r} need a list box_data of boxes")
        for box in val["box_data"]:
            if not isinstance(box, dict) or not isinstance(box.get("position"), dict):
                raise TypeError(f"each of the boxes {key!r} is a dict with a position, not {box!r}")
        self._hold_json(plain(val), ".boxes2D.json")


class ImageMask(Media):
    """A mask: `{"mask_data": 2D array of class ids, "class_labels": {1: "cat"}}`, or the
    `path` of a picture of one."""

    _log_type = "mask"
    _folder = "media/images/mask"

    def __init__(self, val: dict[str, Any], key: str) -> None:
        super().__init__()
        if "path" in val:
            self._hold_file(val["path"])
            return
        data: Any = val.get("mask_data")
        if len(getattr(data, "shape", ())) != 2:
            raise TypeError(f"the mask {key!r} needs mask_data, an array of two dimensions")
        numpy = need("numpy", "numpy", "a mask")
        pillow = need("PIL.Image", "pillow", "a mask")
        array = numpy.asarray(data.cpu() if hasattr(data, "cpu") else data)
        written = io.BytesIO()
        pillow.fromarray(array.astype(numpy.uint8)).convert("L").save(written, format="PNG")
        self._hold(written.getvalue(), ".mask.png")


def all_of(kind: type[Any], given: Any, what: str) -> dict[str, Any]:
    """The overlays of a picture, by their names."""
    if given is not None and not isinstance(given, dict):
        raise ValueError(f'Images "{what}" argument must be a dictionary')
    items = (given or {}).items()
    return {str(key): v if isinstance(v, kind) else kind(v, str(key)) for key, v in items}
