"""What becomes of the objects that people log."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import pathlib
import sys

import pytest

from pannier import _term, _values
from pannier._values import encode, plain


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 3


@dataclasses.dataclass
class Point:
    x: int
    y: object


class Scalar:
    """What a 0-d tensor looks like from outside."""

    shape = ()

    def __init__(self, value: object) -> None:
        self.value = value

    def item(self) -> object:
        return self.value


class Array:
    """What an array looks like from outside, without numpy."""

    def __init__(self, values: list) -> None:
        self.values = values
        self.shape = (len(values),)

    def flatten(self) -> Array:
        return self

    def tolist(self) -> list:
        return self.values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ("null",)),
        (True, True),
        (Level.LOW, 3),
        (Colour.RED, "RED"),
        (2**70, float(2**70)),
        (-(10**400), -math.inf),
        ("\udcff", "?"),
        ([1, "a", None, math.nan, -math.inf], ('[1,"a",null,"NaN","-Infinity"]',)),
        ((1, 2), ("[1,2]",)),
        ({3, 1, 2}, ("[1,2,3]",)),
        (range(3), ("[0,1,2]",)),
        (b"ab\xff", "ab\ufffd"),
        (decimal.Decimal("0.1"), 0.1),
        (fractions.Fraction(1, 4), 0.25),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.timedelta(minutes=1), 60.0),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (complex(1, 2), "(1+2j)"),
        (collections.UserDict(a=1), {"a": 1}),
        (Point(1, 2.5), {"x": 1, "y": 2.5}),
        (Scalar(1.5), 1.5),
        (Scalar(True), True),
        (Array([1, 2]), ("[1,2]",)),
        (math.sqrt, "math.sqrt"),
    ],
)
def test_encode(value: object, expected: object) -> None:
    found = encode(value)
    assert found == expected
    assert type(found) is type(expected)


def test_larger_arrays_become_histograms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numpy", raising=False)
    (text,) = encode(Array([float(i) for i in range(128)] + [math.nan, math.inf]))
    found = json.loads(text)
    assert found["_type"] == "histogram"
    assert found["values"] == [2] * 64
    assert len(found["bins"]) == 65
    assert (found["bins"][0], found["bins"][-1]) == (0.0, 127.0)


def test_histograms_of_equal_and_of_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numpy", raising=False)
    assert sum(json.loads(encode(Array([7.0] * 40))[0])["values"]) == 40
    assert sum(json.loads(encode(Array([math.nan] * 40))[0])["values"]) == 0


def test_numpy() -> None:
    np = pytest.importorskip("numpy")
    assert encode(np.float32(0.5)) == 0.5
    assert encode(np.int64(7)) == 7
    assert type(encode(np.uint64(2**64 - 1))) is float
    assert encode(np.bool_(True)) is True
    assert type(encode(np.float64(0.5))) is float
    assert encode(np.array(3)) == 3
    assert encode(np.array([[2.5]])) == 2.5
    assert encode(np.array([])) == ("[]",)
    assert encode(np.arange(4)) == ("[0,1,2,3]",)
    assert encode(np.datetime64("2026-01-02")) == "2026-01-02"
    wide = json.loads(encode(np.arange(100.0).reshape(10, 10))[0])
    assert sum(wide["values"]) == 100
    assert plain({"a": np.arange(100)}) == {"a": list(range(100))}
    assert plain([np.float32("nan")]) == ["NaN"]


def test_numpy_and_plain_python_count_alike() -> None:
    np = pytest.importorskip("numpy")
    values = [((i * 7919) % 1000) / 7 for i in range(5000)]
    ours, theirs = _values._histogram(values, 64), _values.histogram(np.array(values))
    assert sum(map(abs, (a - b for a, b in zip(ours["values"], theirs["values"])))) <= 4
    assert ours["bins"] == pytest.approx(theirs["bins"])


def test_strangers_become_text_with_one_warning_per_type(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_term, "silent", False)

    class Odd:
        def __str__(self) -> str:
            return "odd"

    assert encode(Odd()) == "odd"
    assert plain([Odd()]) == ["odd"]
    assert capsys.readouterr().err.count("are recorded as text") == 1


def test_an_object_that_fails_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    class Broken:
        def __float__(self) -> float:
            raise RuntimeError("no")

    assert encode(Broken()) is None
    assert "left out: no" in capsys.readouterr().err


def test_plain_ends_in_cycles() -> None:
    loop: dict = {}
    loop["self"] = loop
    json.dumps(plain(loop))


def test_plain_keys_are_text() -> None:
    assert plain({1: {Colour.RED: "\ud800"}}) == {"1": {"Colour.RED": "?"}}
