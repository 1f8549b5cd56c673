"""What is printed becomes lines, and printing is never harmed by that."""

from __future__ import annotations

import io
import sys
import threading
from typing import Callable

import pytest

from pannier import _console
from pannier._console import LINE_CHARS_MAX, Capture, Lines


class Screen:
    """The last text of each line, and how often lines were recorded."""

    def __init__(self) -> None:
        self.rows: dict[int, str] = {}
        self.count = 0
        self._next = 0
        self.lines = Lines(self.emit, self.number)

    def number(self) -> int:
        self._next += 1
        return self._next - 1

    def emit(self, line: int, text: str) -> None:
        self.rows[line] = text
        self.count += 1

    def feed(self, *texts: str, step: float = 0.0) -> Screen:
        for i, text in enumerate(texts):
            self.lines.feed(text, 100 + i * step)
        self.lines.end()
        return self

    @property
    def text(self) -> list[str]:
        return [self.rows[line] for line in sorted(self.rows)]


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        (["a\nb\n"], ["a", "b"]),
        (["a", "b", "\n"], ["ab"]),
        (["a\r\nb\r\n"], ["a", "b"]),
        (["a\r", "\nb"], ["a", "b"]),
        (["\n\n"], ["", ""]),
        (["1%\r2%\r3%"], ["3%"]),
        (["\r1%", "\r2%", "\r3%", "\n", "done\n"], ["3%", "done"]),
        (["1%\r", "2%\r", "\n"], ["2%"]),
        (["no end"], ["no end"]),
        (["\x1b[31mred\x1b[0m\n"], ["\x1b[31mred\x1b[0m"]),
        (["x" * 40_000 + "\n"], ["x" * (LINE_CHARS_MAX - 1) + "…"]),
    ],
)
def test_lines(written: list[str], lines: list[str]) -> None:
    assert Screen().feed(*written).text == lines


def test_print_is_one_record() -> None:
    screen = Screen().feed("hello", "\n", "world", "\n")
    assert (screen.text, screen.count) == (["hello", "world"], 2)


def test_a_progress_bar_is_recorded_once_a_second() -> None:
    bar = [f"\r{i}%" for i in range(101)]
    screen = Screen().feed(*bar, "\n", step=0.1)
    assert screen.text == ["100%"]
    assert 9 <= screen.count <= 12


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[io.TextIOWrapper]]:
    """Puts a stdout and a stderr of our own in the place of pytest's, which it
    sets anew between a fixture and its test: hence a call."""

    def put() -> list[io.TextIOWrapper]:
        pair = [io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", pair[0])
        monkeypatch.setattr(sys, "stderr", pair[1])
        return pair

    return put


def written(stream: io.TextIOWrapper) -> str:
    return stream.buffer.getvalue().decode()


def test_both_streams_and_back(streams: Callable[[], list[io.TextIOWrapper]]) -> None:
    out, err = streams()
    rows: list[tuple[int, int, str]] = []
    before = sys.stdout.write
    capture = _console.start(lambda *row: rows.append(row))
    print("out")
    print("err", file=sys.stderr)
    sys.stdout.writelines(["x\n", "y"])
    capture.stop()
    print("after")
    first = rows[0][1]
    assert [(stream, line - first, text) for stream, line, text in rows] == [
        (0, 0, "out"),
        (1, 1, "err"),
        (0, 2, "x"),
        (0, 3, "y"),
    ]
    assert written(out) == "out\nx\nyafter\n"
    assert sys.stdout.write == before
    assert "write" not in sys.stdout.__dict__


def test_two_captures_end_in_any_order(streams: Callable[[], list[io.TextIOWrapper]]) -> None:
    out, err = streams()
    one: list[str] = []
    two: list[str] = []
    first = _console.start(lambda _s, _l, text: one.append(text))
    second = _console.start(lambda _s, _l, text: two.append(text))
    print("both")
    first.stop()
    print("second")
    second.stop()
    print("none")
    assert (one, two) == (["both"], ["both", "second"])
    assert "write" not in sys.stdout.__dict__


def test_a_wrapper_over_ours_is_left_alone(streams: Callable[[], list[io.TextIOWrapper]]) -> None:
    out, err = streams()
    rows: list[str] = []
    capture = _console.start(lambda _s, _l, text: rows.append(text))
    ours = sys.stdout.write
    theirs = lambda text: ours(text.upper())  # noqa: E731
    sys.stdout.write = theirs
    print("a")
    capture.stop()
    print("b")
    assert sys.stdout.write is theirs
    assert written(out) == "A\nB\n"
    assert rows == ["A"]
    again = _console.start(lambda _s, _l, text: rows.append(text))
    print("c")
    again.stop()
    assert rows == ["A", "C"]


def test_our_failure_does_not_reach_print(streams: Callable[[], list[io.TextIOWrapper]]) -> None:
    out, err = streams()

    def fail(_stream: int, _line: int, _text: str) -> None:
        print("pannier: warning: full", file=sys.stderr)  # must not come round again
        raise OSError("disk full")

    capture = _console.start(fail)
    print("a")
    capture.stop()
    assert written(out) == "a\n"
    assert written(err) == "pannier: warning: full\n"


def test_their_failure_does(streams: Callable[[], list[io.TextIOWrapper]]) -> None:
    out, err = streams()
    capture = _console.start(lambda *_row: None)
    with pytest.raises(TypeError):
        sys.stdout.write(3)
    capture.stop()


def test_streams_that_cannot_be_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fixed:
        __slots__ = ()

        def write(self, text: str) -> int:
            return len(text)

    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", Fixed())
    _console.start(lambda *_row: None).stop()


def test_threads(streams: Callable[[], list[io.TextIOWrapper]]) -> None:
    out, err = streams()
    rows: list[tuple[int, int, str]] = []
    capture = _console.start(lambda *row: rows.append(row))
    threads = [
        threading.Thread(target=lambda i=i: [sys.stdout.write(f"{i}\n") for _ in range(500)])
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    capture.stop()
    assert [line - rows[0][1] for _, line, _ in rows] == list(range(4000))
    assert sorted(text for *_, text in rows) == sorted(str(i) for i in range(8) for _ in range(500))


def test_mute() -> None:
    rows: list[str] = []
    capture = Capture(lambda _s, _l, text: rows.append(text))
    capture.mute()
    capture.feed(0, "x\n")
    assert rows == []
