"""Owns `read`: a metric's points, straight from the daemon's columns."""

from __future__ import annotations

from ._session import find_binary
from .errors import CommError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def read(
    project: str, run: str, key: str, entity: str | None, max_points: int | None
) -> Iterator[tuple[int, float]]:
    """See `pannier.read`."""
    from . import _native

    if max_points is not None and max_points < 1:
        raise UsageError(f"max_points must be 1 or more, not {max_points!r}")
    try:
        return iter(_native.read_column(project, run, key, entity, max_points, find_binary()))
    except _native.Refused as refusal:
        raise UsageError(str(refusal)) from None
    except OSError as error:
        raise CommError(f"cannot read {key!r} of run {run}: {error}") from None
