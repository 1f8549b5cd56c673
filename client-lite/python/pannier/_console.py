"""Owns the capture of what the program prints: whole lines, as console rows.

The `write` of `sys.stdout` and `sys.stderr` is wrapped; the text goes where it
always went first, and a copy of it is cut into lines. A carriage return begins
the line anew, as on a terminal, so a progress bar is one line that is written
again: at most once a second, and when it is done. Nothing here raises into
`print`. A process forked off records nothing: it may have a run of its own, and
what it prints is not its parent's.

Lines are numbered on from the microsecond at which the capture was made. A line
takes longer than that, so no two lives of a run give one number to two lines.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TextIO

    Emit = Callable[[int, int, str], None]  # stream (0 stdout, 1 stderr), line, text

#: How often, in seconds, an unfinished line is recorded.
UNFINISHED_EVERY_S = 1.0
#: Characters of a line that are recorded; the rest is cut off.
LINE_CHARS_MAX = 32_768


class Lines:
    """Cuts one stream's text into numbered lines."""

    def __init__(self, emit: Callable[[int, str], None], number: Callable[[], int]) -> None:
        self._emit = emit
        self._number = number
        self._line = -1  # the number of the unfinished line, once it has one
        self._text = ""
        self._fresh = False  # a carriage return came: the next text replaces
        self._changed = False  # since it was last recorded
        self._recorded_at = 0.0

    def feed(self, text: str, now: float) -> None:
        """Takes in what was written at `now` (monotonic seconds)."""
        *whole, rest = text.split("\n")
        for part in whole:
            self._take(part)
            self._record(self._text)
            self._line, self._text, self._fresh = -1, "", False
        if rest:
            if not self._text:
                self._recorded_at = now  # print() writes the line's end by itself, at once
            self._take(rest)
            if self._text and now - self._recorded_at >= UNFINISHED_EVERY_S:
                self._recorded_at = now
                self._record(self._text)

    def end(self) -> None:
        """Records the unfinished line, if it has anything new."""
        if self._text and self._changed:
            self._record(self._text)

    def _take(self, part: str) -> None:
        if "\r" in part:
            body = part.rstrip("\r")
            before, returned, last = body.rpartition("\r")
            if body:
                self._text = last if returned or self._fresh else self._text + last
            self._fresh = body != part
        else:
            self._text = part if self._fresh and part else self._text + part
            self._fresh = self._fresh and not part
        self._text = self._text[: LINE_CHARS_MAX + 1]
        self._changed = True

    def _record(self, text: str) -> None:
        if self._line < 0:
            self._line = self._number()
        if len(text) > LINE_CHARS_MAX:
            text = text[: LINE_CHARS_MAX - 1] + "…"
        self._changed = False
        self._emit(self._line, text)


class Capture:
    """Records what stdout and stderr say, from `start` to `stop`."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._next = int(time.time() * 1e6)
        self._lines = [self._cut(stream) for stream in (0, 1)]
        self._taps: list[_Tap] = []
        self._busy = False
        self.lock = threading.RLock()

    def _cut(self, stream: int) -> Lines:
        return Lines(lambda line, text: self._emit(stream, line, text), self._number)

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def start(self) -> None:
        """Begins to listen."""
        for stream, file in enumerate((sys.stdout, sys.stderr)):
            tap = _Tap.on(file)
            if tap is not None:
                tap.add(self, stream)
                self._taps.append(tap)

    def stop(self) -> None:
        """Records what is unfinished and lets go of the streams."""
        for tap in self._taps:
            tap.remove(self)
        self._taps.clear()
        with self.lock:
            for lines in self._lines:
                self._guarded(lines.end)

    def feed(self, stream: int, text: str) -> None:
        """Takes in a copy of what was written."""
        with self.lock:
            self._guarded(lambda: self._lines[stream].feed(text, time.monotonic()))

    def _guarded(self, work: Callable[[], None]) -> None:
        # What we print while recording (a warning, or a print of a signal
        # handler that interrupts us) must not come round again.
        if self._busy:
            return
        self._busy = True
        try:
            work()
        except Exception:  # no fault of ours reaches a print()
            pass
        finally:
            self._busy = False

    def mute(self) -> None:
        """Takes in nothing more; for the child of a fork."""
        self.lock = threading.RLock()
        self._busy = True


class _Tap:
    """The wrapped `write` of one stream, shared by the captures that listen."""

    _on: weakref.WeakKeyDictionary[Any, _Tap] = weakref.WeakKeyDictionary()

    def __init__(self, file: TextIO) -> None:
        self._file = weakref.ref(file)
        self._write = file.write
        self._was_own = "write" in getattr(file, "__dict__", {})
        self._listeners: tuple[tuple[Capture, int], ...] = ()
        original = self._write

        def write(text: str) -> Any:
            written = original(text)
            for capture, stream in self._listeners:
                capture.feed(stream, text)
            return written

        self._wrapped = write
        file.write = write  # type: ignore[method-assign]

    @classmethod
    def on(cls, file: TextIO | None) -> _Tap | None:
        """The tap of this stream; None where there is no stream to tap."""
        try:
            if file is None:
                return None
            tap = cls._on.get(file)
            if tap is None:
                tap = cls(file)
                cls._on[file] = tap
            return tap
        except (AttributeError, TypeError):  # a stream that cannot be wrapped
            return None

    def add(self, capture: Capture, stream: int) -> None:
        self._listeners += ((capture, stream),)

    def remove(self, capture: Capture) -> None:
        self._listeners = tuple(pair for pair in self._listeners if pair[0] is not capture)
        file = self._file()
        if self._listeners or file is None:
            return
        # If somebody wrapped our wrapper in turn, it stays, and does nothing.
        if getattr(file, "__dict__", {}).get("write") is self._wrapped:
            if self._was_own:
                file.write = self._write  # type: ignore[method-assign]
            else:
                del file.write
            self._on.pop(file, None)


captures: weakref.WeakSet[Capture] = weakref.WeakSet()


def start(emit: Emit) -> Capture:
    """A capture that has begun to listen."""
    capture = Capture(emit)
    captures.add(capture)
    capture.start()
    return capture


def _after_fork() -> None:
    for capture in list(captures):
        capture.mute()


os.register_at_fork(after_in_child=_after_fork)
