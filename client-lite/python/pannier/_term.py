"""Owns what pannier says to the person at the terminal: lines on stderr.

`silent` mutes everything, `quiet` everything but warnings. Nothing here raises.
"""

from __future__ import annotations

import sys

silent = False
quiet = False
_said: set[str] = set()


def say(text: str) -> None:
    """Prints a line about how things go."""
    if not (silent or quiet):
        _write(f"pannier: {text}\n")


def warn(text: str) -> None:
    """Prints a line about something that a person may want to change."""
    if not silent:
        _write(f"pannier: warning: {text}\n")


def warn_once(text: str) -> None:
    """Prints a warning, unless this process has printed the very same before."""
    if text not in _said:
        _said.add(text)
        warn(text)


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except Exception:  # a closed or missing stderr is no reason to stop training
        pass
