"""Owns reading back what a run printed: `run.console_logs()`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from .pages import Page, Pages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .run import Run

_LINE = "edges { node { number timestamp level label line } }"

_PAGE = f"""query ConsolePage(
    $entity: String!, $project: String!, $name: String!, $first: Int, $after: String
) {{
    project(name: $project, entityName: $entity) {{
        run(name: $name) {{
            logLines(first: $first, after: $after, useImprovedPagination: true) {{
                {_LINE}
                pageInfo {{ endCursor hasNextPage }}
            }}
        }}
    }}
}}"""

_TAIL = f"""query ConsoleTail($entity: String!, $project: String!, $name: String!, $last: Int!) {{
    project(name: $project, entityName: $entity) {{
        run(name: $name) {{ logLines(last: $last) {{ {_LINE} }} }}
    }}
}}"""


@dataclass(frozen=True)
class ConsoleLogLine:
    """One line of a run's console."""

    #: Its place in the console, from 0.
    number: int
    #: When it was printed, in UTC; None where that is not known.
    timestamp: datetime | None
    #: `error` for stderr, else empty.
    level: str
    #: Which of several processes printed it; empty for a run with one.
    label: str
    content: str


class ConsoleLogs(Pages[ConsoleLogLine]):
    """A run's console, oldest line first, fetched as it is read."""

    def __init__(self, run: Run, per_page: int = 1000, last: int | None = None) -> None:
        super().__init__(per_page)
        self.run = run
        self._last = last

    def _fetch(self, after: str | None) -> Page:
        if self._last is not None:
            found = self.run._ask(_TAIL, last=self._last)
        else:
            found = self.run._ask(_PAGE, first=self.per_page, after=after)
        lines = found.get("logLines") or {"edges": []}
        info = lines.get("pageInfo") or {}
        items = [_line(edge["node"]) for edge in lines["edges"]]
        return Page(items, info.get("endCursor") if info.get("hasNextPage") else None)

    def __repr__(self) -> str:
        return f"<ConsoleLogs {self.run.entity}/{self.run.project}/{self.run.id}>"


def _line(node: dict[str, Any]) -> ConsoleLogLine:
    return ConsoleLogLine(
        number=int(node.get("number") or 0),
        timestamp=_time(node.get("timestamp")),
        level=node.get("level") or "",
        label=node.get("label") or "",
        content=node.get("line") or "",
    )


def _time(text: str | None) -> datetime | None:
    """The time; one without a zone is in UTC."""
    if not text:
        return None
    # Before 3.11, fromisoformat takes neither Z nor other than 3 or 6 digits.
    text = text.upper().replace("Z", "+00:00")
    whole, dot, rest = text.partition(".")
    if dot:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = f"{whole}.{rest[:digits][:6]:0<6}{rest[digits:]}"
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)
