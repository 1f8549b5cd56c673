"""Owns what may be changed of an artifact, and how a version's changes get to the
server. What is set stays here until `save()`."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Any

from .. import _term
from .._api.client import json_text
from ..errors import ArtifactNotLoggedError, CommError
from . import documents
from .names import check_aliases, check_metadata, check_tags
from .state import INHERIT, NEVER, State

_EDITS_SOURCE = (
    "Editing the {} of this linked artifact will edit the {} of the source artifact and"
    " of all that link to it"
)


class ArtifactTTL(Enum):
    """A TTL that is no duration."""

    INHERIT = 0


class Edits(State):
    """Base of `Artifact`."""

    @property
    def description(self) -> str | None:
        """Free text, in Markdown."""
        return self._description

    @description.setter
    def description(self, description: str | None) -> None:
        self._warn_of_source("description")
        self._description = description

    @property
    def metadata(self) -> dict[str, Any]:
        """Up to 100 facts about the content."""
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: dict[str, Any]) -> None:
        self._warn_of_source("metadata")
        self._metadata = check_metadata(metadata)

    @property
    def aliases(self) -> list[str]:
        """Names that this version has in its collection now."""
        self._logged("aliases")
        return self._aliases

    @aliases.setter
    def aliases(self, aliases: list[str]) -> None:
        self._logged("aliases")
        self._aliases = check_aliases(aliases)

    @property
    def tags(self) -> list[str]:
        """Labels of this version."""
        self._logged("tags")
        return self._tags

    @tags.setter
    def tags(self, tags: list[str]) -> None:
        self._logged("tags")
        self._warn_of_source("tags")
        self._tags = check_tags(tags)

    @property
    def ttl(self) -> timedelta | None:
        """How long it is kept after it was logged; None for ever."""
        if self._ttl_inherited and (self.is_draft() or self._ttl_changed):
            raise ArtifactNotLoggedError("Artifact.ttl", self)
        return None if self._ttl_s is None else timedelta(seconds=self._ttl_s)

    @ttl.setter
    def ttl(self, ttl: timedelta | ArtifactTTL | None) -> None:
        if self._type == "wandb-history":
            raise ValueError("Cannot set artifact TTL for type wandb-history")
        if self._is_link:
            raise ValueError(
                "Cannot set TTL for link artifact. Unlink the artifact first then set the TTL"
                " for the source artifact"
            )
        seconds = ttl.total_seconds() if isinstance(ttl, timedelta) else None
        if seconds is not None and seconds <= 0:
            raise ValueError(f"Artifact TTL Duration has to be positive. ttl: {seconds}")
        self._ttl_changed = True
        self._ttl_inherited = isinstance(ttl, ArtifactTTL)
        self._ttl_s = None if seconds is None else int(seconds)

    def _ttl_to_say(self) -> int | None:
        """What to tell the server of it; None where nothing changed."""
        if not self._ttl_changed:
            return None
        return INHERIT if self._ttl_inherited else self._ttl_s or NEVER

    def _warn_of_source(self, what: str) -> None:
        if self._is_link:
            _term.warn(_EDITS_SOURCE.format(what, what))

    def _update(self) -> None:
        """Sends what was changed of a version."""
        self._save_aliases(documents.ADD_ALIASES, "add", self._aliases, self._saved_aliases)
        self._save_aliases(documents.DELETE_ALIASES, "delete", self._saved_aliases, self._aliases)
        self._saved_aliases = list(self._aliases)
        now, before = check_tags(self._tags), self._saved_tags
        change = {
            "artifactID": self._said["id"],
            "description": self._description,
            "metadata": json_text(check_metadata(self._metadata)),
            "ttlDurationSeconds": self._ttl_to_say(),
            "tagsToAdd": [{"tagName": tag} for tag in now if tag not in before],
            "tagsToDelete": [{"tagName": tag} for tag in before if tag not in now],
        }
        said = (self._asked().ask(documents.UPDATE, input=change)["result"] or {}).get("artifact")
        if not said:
            raise ValueError("Unable to parse updateArtifact response")
        self._take(said)

    def _save_aliases(self, document: str, verb: str, ours: list[str], theirs: list[str]) -> None:
        names = sorted(set(ours) - set(theirs))
        if not names:
            return
        place = {
            "entityName": self._entity,
            "projectName": self._project,
            "artifactCollectionName": self._name.partition(":")[0],
        }
        aliases = [{**place, "alias": name} for name in check_aliases(names)]
        change = {"artifactID": self._said["id"], "aliases": aliases}
        try:
            self._asked().ask(document, input=change)
        except CommError as error:
            shown = ", ".join(map(repr, names))
            raise CommError(
                f"cannot {verb} the aliases {shown} of {self._name}: {error}"
            ) from error
