"""Owns `ArtifactCollection`: the versions of one name, or what was linked to one."""

from __future__ import annotations

from typing import Any

from .. import _term
from .._artifacts import documents
from .._artifacts.names import check_collection, check_tags, check_type
from ..errors import NotFoundError
from .attrs import Attrs, field
from .relay import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .artifacts import Artifacts
    from .client import Client

_SEQUENCE = "ArtifactSequence"
_ALIASES_PER_PAGE = 1000


class ArtifactCollection(Attrs):
    """A collection. `name`, `type`, `description` and `tags` are sent by `save()`."""

    name = field("name", "What it is called.")
    description = field("description", "Free text, in Markdown: the card of a registry.")

    def __init__(
        self,
        client: Client,
        entity: str,
        project: str,
        name: str,
        type: str,
        organization: str | None = None,
        attrs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__({})
        self._client = client
        self._aliases: list[str] | None = None
        self.organization = organization
        self._take(attrs or self._ask(entity, project, name, type))

    def _ask(self, entity: str, project: str, name: str, kind: str) -> dict[str, Any]:
        data = self._client.ask(
            documents.ONE_COLLECTION, entity=entity, project=project, type=kind, name=name
        )
        found: dict[str, Any] = data
        for key in ("project", "artifactType", "artifactCollection"):
            found = (found or {}).get(key) or {}
        if not found.get("project"):
            raise NotFoundError(
                f"Could not find the collection {name!r} of type {kind!r} in {entity}/{project}"
            )
        return found

    def _take(self, said: dict[str, Any]) -> None:
        tags = [edge["node"]["name"] for edge in said["tags"]["edges"] if edge.get("node")]
        kind = said["type"]["name"]
        self._attrs = {**said, "tags": tags, "type": kind}
        self._saved = {**self._attrs, "tags": list(tags)}

    @property
    def entity(self) -> str:
        """Whose project it is in."""
        return str(self._saved["project"]["entity"]["name"])

    @property
    def project(self) -> str:
        """The project it is in."""
        return str(self._saved["project"]["name"])

    @property
    def project_id(self) -> str:
        """The server's own name of the project."""
        return str(self._saved["project"]["id"])

    @property
    def project_internal_id(self) -> str | None:
        """The server's number of the project, in its own spelling."""
        found: str | None = self._saved["project"].get("internalId")
        return found

    @property
    def type(self) -> str:
        """The type of its versions."""
        return str(self._attrs["type"])

    @type.setter
    def type(self, kind: str) -> None:
        if not self.is_sequence():
            raise ValueError("Type can only be changed if the artifact collection is a sequence.")
        self._attrs["type"] = kind

    @property
    def tags(self) -> list[str]:
        """Labels of the collection; its versions have their own."""
        found: list[str] = self._attrs["tags"]
        return found

    @tags.setter
    def tags(self, tags: list[str]) -> None:
        self._attrs["tags"] = check_tags(tags)

    @property
    def aliases(self) -> list[str]:
        """Every alias that a version in it has."""
        if self._aliases is None:
            self._aliases = list(_Aliases(self._client, str(self._saved["id"])))
        return list(self._aliases)

    def is_sequence(self) -> bool:
        """Whether versions are logged to it, rather than linked."""
        return bool(self._saved["__typename"] == _SEQUENCE)

    def artifacts(self, per_page: int = 50, start: str | None = None) -> Artifacts:
        """Its versions, newest first."""
        from .artifacts import Artifacts

        saved = self._saved
        return Artifacts(
            self._client,
            self.entity,
            self.project,
            saved["name"],
            saved["type"],
            per_page=per_page,
            start=start,
        )

    def save(self) -> None:
        """Sends what was changed here."""
        now, before = self._attrs, self._saved
        check_collection(now["name"])
        tags = check_tags(now["tags"])
        if now["type"] != before["type"]:
            self._check_types(now["type"])
        self._send_names()
        if now["type"] != before["type"]:
            self._move(now["type"])
        self._send_tags(documents.ADD_TAGS, [t for t in tags if t not in before["tags"]])
        self._send_tags(documents.DELETE_TAGS, [t for t in before["tags"] if t not in tags])
        self._attrs["tags"] = tags
        before["tags"] = list(tags)

    def _check_types(self, kind: str) -> None:
        try:
            check_type(kind, self.name)
            check_type(self._saved["type"], self._saved["name"])
        except ValueError as error:
            raise ValueError(f"Failed to save artifact collection {self.name!r}: {error}") from None

    def _send_names(self) -> None:
        now, before = self._attrs, self._saved
        key, document = (
            ("artifactSequenceID", documents.UPDATE_SEQUENCE)
            if self.is_sequence()
            else ("artifactPortfolioID", documents.UPDATE_PORTFOLIO)
        )
        change = {key: before["id"], "name": now["name"], "description": now["description"]}
        self._client.ask(document, input=change)
        before["name"], before["description"] = now["name"], now["description"]

    def _move(self, kind: str) -> None:
        change = {
            "artifactSequenceID": self._saved["id"],
            "destinationArtifactTypeName": kind,
        }
        self._client.ask(documents.MOVE_SEQUENCE, input=change)
        self._saved["type"] = self._attrs["type"] = kind

    def _send_tags(self, document: str, tags: list[str]) -> None:
        if tags:
            change = {
                "entityName": self.entity,
                "projectName": self.project,
                "artifactCollectionName": self._saved["name"],
                "tags": [{"tagName": tag} for tag in tags],
            }
            self._client.ask(document, input=change)

    def change_type(self, new_type: str) -> None:
        """An older way of setting `type` and calling `save()`."""
        self._check_types(new_type)
        if not self.is_sequence():
            raise ValueError("Artifact collection needs to be a sequence")
        _term.say(f"changing the type of {self.name} from {self._saved['type']} to {new_type}")
        self._move(new_type)

    def delete(self) -> None:
        """Deletes it with its versions; of a registry's, with its links."""
        sequence = self.is_sequence()
        document = documents.DELETE_SEQUENCE if sequence else documents.DELETE_PORTFOLIO
        self._client.ask(document, id=self._saved["id"])

    def __repr__(self) -> str:
        return f"<ArtifactCollection {self.name} ({self.type})>"


class _Aliases(Relay[str]):
    """The aliases of a collection's versions."""

    DOCUMENT = documents.ALIASES_IN
    WAY = ("artifactCollection", "aliases")

    def __init__(self, client: Client, collection_id: str) -> None:
        super().__init__(client, {"id": collection_id}, _ALIASES_PER_PAGE)

    def _make(self, edge: dict[str, Any]) -> str:
        return str(edge["node"]["alias"])

    def _what(self) -> str:
        return "the collection"
