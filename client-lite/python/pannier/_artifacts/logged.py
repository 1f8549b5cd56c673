"""Owns how a draft is handed to a run's session, and how its end is awaited."""

from __future__ import annotations

import json
import time
from typing import Any

from .._values import dumps, plain
from ..errors import CommError, WaitTimeoutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._session import AnySession
    from .artifact import Artifact
    from .manifest import ArtifactManifestEntry

#: One question waits so long at most; then it is asked again.
_ASK_S = 30.0
#: A daemon that is being restarted is asked again, for so long.
_UNHEARD_S = 30.0
_PAUSE_S = 0.2


class Saving:
    """A version under way."""

    def __init__(self, session: AnySession, client_id: str, whole: bool) -> None:
        self._session = session
        self._client_id = client_id
        #: False for a part of a distributed version, which is whole with its finishing.
        self.whole = whole

    def wait(self, timeout_s: float | None) -> str:
        """The version's id, 32 hexadecimal digits, once it is complete."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        unheard_since: float | None = None
        while True:
            now = time.monotonic()
            left = _ASK_S if end is None else max(0.0, min(_ASK_S, end - now))
            try:
                said: dict[str, Any] = json.loads(
                    self._session.await_artifact(self._client_id, left)
                )
            except OSError as error:
                unheard_since = now if unheard_since is None else unheard_since
                if now - unheard_since > _UNHEARD_S:
                    raise CommError(f"the artifact is safe in the spool, but {error}") from None
                said = {"state": "pending"}
                time.sleep(min(_PAUSE_S, left))
            else:
                unheard_since = None
            if said["state"] == "committed":
                return str(said["id"])
            if said["state"] == "failed":
                raise ValueError(said.get("error") or "the artifact could not be stored")
            if end is not None and time.monotonic() >= end:
                raise WaitTimeoutError(
                    "Artifact upload wait timed out, failed to fetch Artifact response"
                )


def hand_over(
    session: AnySession,
    artifact: Artifact,
    aliases: list[str],
    tags: list[str],
    step: int,
    distributed_id: str | None = None,
    finalize: bool = True,
) -> Saving:
    """Gives a draft to the session. Its files are snapshots when this returns."""
    entries = artifact.manifest.entries
    ttl = artifact._ttl_to_say()
    wish = {
        "client_id": artifact._client_id,
        "sequence_client_id": artifact._sequence_client_id,
        "collection": artifact.name,
        "type": artifact.type,
        "description": artifact.description,
        "metadata": artifact.metadata or None,
        "aliases": aliases,
        "tags": tags,
        "ttl_s": ttl if ttl is not None and ttl > 0 else None,
        "history_step": step,
        "created_us": time.time_ns() // 1000,
        "distributed_id": distributed_id,
        "finalize": finalize,
        "incremental": artifact._incremental,
        "digest": None if artifact._has_undigested() else artifact.digest,
        "entries": {path: _entry(entry) for path, entry in entries.items()},
    }
    known = {name: value for name, value in wish.items() if value is not None}
    session.log_artifact(dumps(plain(known)), artifact._files_to_log())
    return Saving(session, artifact._client_id, finalize)


def _entry(entry: ArtifactManifestEntry) -> dict[str, Any]:
    said = {
        # Of a file that comes along, the digest is known where it is stored.
        "digest": entry._digest,
        "size": entry.size,
        "ref": entry.ref,
        "birth_artifact_id": entry.birth_artifact_id,
        "extra": entry.extra or None,
    }
    return {name: value for name, value in said.items() if value is not None}
