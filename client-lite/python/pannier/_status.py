"""Owns `run.status()`: how much of a run has yet to reach its remotes."""

from __future__ import annotations

import json
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._session import AnySession

_ASK_S = 2.0


class RunStatus(NamedTuple):
    """W&B's names; None where the daemon did not answer."""

    #: Records of this run that are safe on this machine.
    sync_items_total: int | None
    #: Of those, how many the remote that is furthest behind lacks.
    sync_items_pending: int | None
    #: When the oldest of them was stored, in seconds since 1970.
    sync_time: float | None


def of(session: AnySession) -> RunStatus:
    """Asks the daemon."""
    try:
        code, body = session.request("GET", "/v1/status", b"", _ASK_S)
        runs = json.loads(body)["runs"] if code == 200 else []
    except (OSError, ValueError, KeyError):
        return RunStatus(None, None, None)
    names = (session.entity, session.project, session.run_id)
    for run in runs:
        if (run["entity"], run["project"], run["run"]) == names:
            remotes = run["remotes"].values()
            oldest = [r["oldest_unsent_us"] for r in remotes if r.get("oldest_unsent_us")]
            return RunStatus(
                run["records"],
                max((r["records_queued"] for r in remotes), default=0),
                min(oldest) / 1e6 if oldest else None,
            )
    return RunStatus(None, None, None)
