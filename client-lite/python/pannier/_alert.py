"""Owns `run.alert`: what an alert is, and how often one may be repeated."""

from __future__ import annotations

import enum
import time

from .errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any


class AlertLevel(enum.Enum):
    """How grave an alert is."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


#: The newest alerts of a run that its metadata shows.
KEPT_MAX = 100
_WAIT_S = 60.0


class Alerts:
    """The alerts of one run."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self._sent_at: dict[str, float] = {}

    def add(
        self,
        title: str,
        text: str,
        level: str | AlertLevel | None,
        wait: float | timedelta | None,
    ) -> dict[str, Any] | None:
        """The alert; None where one of this title was sent a moment ago."""
        word = level.value if isinstance(level, AlertLevel) else str(level or "INFO").upper()
        if word not in AlertLevel.__members__:
            raise UsageError(f"level must be INFO, WARN or ERROR, not {level!r}")
        seconds = _WAIT_S if wait is None else getattr(wait, "total_seconds", lambda: wait)()
        if not isinstance(seconds, (int, float)):
            raise UsageError(f"wait_duration must be seconds or a timedelta, not {wait!r}")
        now = time.monotonic()
        if now - self._sent_at.get(title, float("-inf")) < seconds:
            return None
        self._sent_at[title] = now
        alert = {"title": title, "text": text, "level": word, "time": time.time()}
        self.kept = [*self.kept, alert][-KEPT_MAX:]
        return alert
