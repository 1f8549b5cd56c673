"""Owns how Python objects become values of a history row, a config or a summary.

`encode` is called by the native side for what is not a float, int, bool, str or
dict; `plain` makes any object fit for JSON. No numeric library is imported here:
objects are asked what they can do, and numpy is used where the program has
already loaded it.
"""

from __future__ import annotations

import json
import math
import sys

from . import _term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Optional, Union

    # A 1-tuple holds the text of a JSON value; None leaves the key out.
    Encoded = Optional[Union[float, int, bool, str, "dict[str, Any]", "tuple[str]"]]

#: Arrays of up to this many elements are kept as lists, larger ones as
#: histograms: W&B's own limit.
LIST_MAX = 32
#: The same inside lists, configs and summaries, which are not written at every step.
NESTED_LIST_MAX = 4096
#: Bins of a histogram that is made from an array.
BINS = 64
#: Longest text that stands in for an object we have no form for.
TEXT_MAX = 10_000
_DEPTH_MAX = 40

_warned: set[type] = set()


class Whole:
    """JSON that a row keeps as one value, dicts in it and all."""

    def __init__(self, text: str) -> None:
        self.text = text


class HasMedia(BaseException):
    """Stops the native `log` before it records anything: the row has media in it, which
    need their key and their step. No `Exception`, for those it swallows."""


# Packages whose objects may be figures, and data frames, which are logged as tables.
_DRAWN = ("matplotlib", "plotly", "pandas")


def _is_media(obj: object) -> bool:
    # Of a module its own name: pyplot stands for its current figure.
    where = getattr(obj, "__name__", "") if type(obj) is type(sys) else type(obj).__module__
    package = where.partition(".")[0]
    if package in _DRAWN:
        if package == "pandas":
            return hasattr(obj, "columns")
        return any(hasattr(obj, name) for name in ("to_plotly_json", "savefig", "figure"))
    if isinstance(obj, (list, tuple)):
        return bool(obj) and _is_media(obj[0])
    base = sys.modules.get("pannier._media.base")
    return base is not None and isinstance(obj, base.Value)


def encode(obj: object) -> Encoded:
    """One logged value, in a form that the native side can store."""
    try:
        if getattr(obj, "shape", None) == ():  # by far the most frequent: a loss, as it comes
            item = obj.item()  # type: ignore[attr-defined]
            if isinstance(item, (float, int)):
                number: float = _scalar(item)
                return number
        if isinstance(obj, Whole):
            return (obj.text,)
        if _is_media(obj):
            raise HasMedia
        return _encode(obj)
    except Exception as error:  # objects of strangers may fail in any way
        name = type(obj).__name__
        _term.warn_once(f"could not log a value of type {name}, left out: {error}")
        return None


def _encode(obj: Any) -> Encoded:
    if obj is None:
        return ("null",)
    if isinstance(obj, (bool, int, float, str)):
        scalar: float | int | bool | str = _scalar(obj)
        return scalar
    if isinstance(obj, (list, tuple, set, frozenset, range)):
        return (dumps(plain(obj)),)
    if hasattr(obj, "shape"):
        return _array(obj, LIST_MAX)
    if isinstance(obj, (bytes, bytearray, memoryview)):
        return bytes(obj).decode("utf-8", "replace")
    if _is_mapping(obj):
        return {str(key): value for key, value in obj.items()}
    known = _known(obj)
    if known is not None:
        return known
    return _as_text(obj)


def plain(obj: Any, depth: int = 0) -> Any:
    """The object as nothing but dict, list, str, int, float, bool and None."""
    if obj is None or isinstance(obj, (bool, int, float, str)):
        value = _scalar(obj)
        if isinstance(value, float) and not math.isfinite(value):
            return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        return value
    if depth > _DEPTH_MAX:
        return _as_text(obj)
    if _is_mapping(obj):
        return {_clean(str(key)): plain(value, depth + 1) for key, value in obj.items()}
    if isinstance(obj, (set, frozenset)):
        return [plain(item, depth + 1) for item in _ordered(obj)]
    if isinstance(obj, (list, tuple, range)):
        return [plain(item, depth + 1) for item in obj]
    if isinstance(obj, (bytes, bytearray, memoryview)):
        return bytes(obj).decode("utf-8", "replace")
    if hasattr(obj, "shape"):
        encoded = _array(obj, NESTED_LIST_MAX)
        return json.loads(encoded[0]) if isinstance(encoded, tuple) else plain(encoded, depth + 1)
    known = _known(obj)
    return _as_text(obj) if known is None else plain(known, depth + 1)


def dumps(value: object) -> str:
    """JSON text of a plain value."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _scalar(obj: Any) -> Any:
    """Strips subclasses (numpy's float64 is a float) and what UTF-8 cannot say."""
    if obj is None or isinstance(obj, bool):
        return obj
    if _is_enum(obj):
        return _scalar(obj.value)
    if isinstance(obj, float):
        return float(obj)
    if isinstance(obj, int):
        if -(2**63) <= obj < 2**63:
            return int(obj)
        try:
            return float(obj)
        except OverflowError:
            return math.inf if obj > 0 else -math.inf
    return _clean(str(obj))


def _clean(text: str) -> str:
    """Text without lone surrogates, which undecodable file names bring along."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def _known(obj: Any) -> Encoded:
    """Standard library types and whatever says that it is a number."""
    if _is_enum(obj):
        return str(obj.name)
    if hasattr(obj, "isoformat"):  # date, time, datetime, pandas.Timestamp
        return str(obj.isoformat())
    if hasattr(obj, "total_seconds"):
        return float(obj.total_seconds())
    if hasattr(obj, "__fspath__"):
        return _clean(str(obj))
    if isinstance(obj, complex):
        return str(obj)
    if hasattr(obj, "__float__"):  # Decimal, Fraction, tf.Variable, sympy numbers
        return float(obj)
    if hasattr(obj, "item") and callable(obj.item):
        item = obj.item()
        return None if item is obj else _encode(item)
    fields = getattr(type(obj), "__dataclass_fields__", None)
    if fields is not None:
        return {name: getattr(obj, name) for name in fields}
    if callable(obj) and hasattr(obj, "__qualname__"):
        return f"{getattr(obj, '__module__', '?')}.{obj.__qualname__}"
    return None


def _is_enum(obj: object) -> bool:
    enum = sys.modules.get("enum")
    return enum is not None and isinstance(obj, enum.Enum)


def _is_mapping(obj: object) -> Any:
    return isinstance(obj, dict) or (
        hasattr(obj, "items") and hasattr(obj, "keys") and hasattr(obj, "__getitem__")
    )


def _ordered(items: Iterable[Any]) -> list[Any]:
    """A set's items in the same order each time, where they have one."""
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=repr)


def _as_text(obj: object) -> str:
    kind = type(obj)
    if kind not in _warned:
        _warned.add(kind)
        _term.warn(
            f"values of type {kind.__module__}.{kind.__qualname__} are recorded as text;"
            " convert them to numbers, strings or lists to record them as such"
        )
    return _clean(str(obj)[:TEXT_MAX])


def _array(obj: Any, list_max: int) -> Encoded:
    """numpy, torch, jax and tensorflow: a scalar, a list or a histogram."""
    try:
        array = _on_host(obj)
        size = 1
        for length in array.shape:
            size *= int(length)
        if size == 1:
            item = array.item() if hasattr(array, "item") else _flat(array)[0]
            return _as_text(obj) if hasattr(item, "shape") else _encode(item)
        if size <= list_max:
            return (dumps(plain(array.tolist())),)
        return (dumps(histogram(array)),)
    except (AttributeError, TypeError, ValueError):  # data frames, arrays of objects
        return _as_text(obj)


def _on_host(obj: Any) -> Any:
    """The array in this machine's own memory, as numpy's where there is numpy."""
    if hasattr(obj, "detach"):  # torch
        obj = obj.detach()
        if hasattr(obj, "cpu"):
            obj = obj.cpu()
        if "bfloat16" in str(obj.dtype):  # numpy has no such type
            obj = obj.float()
    elif hasattr(obj, "numpy") and not hasattr(obj, "tolist"):  # tensorflow
        obj = obj.numpy()
    return obj


def _flat(array: Any) -> list[Any]:
    flat = array.flatten() if hasattr(array, "flatten") else array
    listed = flat.tolist() if hasattr(flat, "tolist") else list(flat)
    return listed if isinstance(listed, list) else [listed]


def histogram(array: Any, bins: int = BINS) -> dict[str, Any]:
    """W&B's form of a histogram over an array's finite numbers."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        flat = numpy.asarray(array).ravel().astype(float)
        counts, edges = numpy.histogram(flat[numpy.isfinite(flat)], bins=bins)
        return {"_type": "histogram", "values": counts.tolist(), "bins": edges.tolist()}
    values = [float(x) for x in _flat(array)]
    return _histogram([x for x in values if math.isfinite(x)], bins)


def _histogram(values: list[float], bins: int) -> dict[str, Any]:
    """As numpy counts: equal bins, the last one closed on both sides."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    width = (high - low) / bins
    counts = [0] * bins
    for x in values:
        counts[min(int((x - low) / width), bins - 1)] += 1
    edges = [low + i * width for i in range(bins)] + [high]
    return {"_type": "histogram", "values": counts, "bins": edges}
