"""Owns what ties a version to others: links, collections, and the runs around it."""

from __future__ import annotations

import copy
import os
from typing import Any

from .. import _settings, _term
from ..errors import CommError, NotFoundError
from . import documents
from .edits import Edits
from .files import Files
from .names import Path, check_aliases, is_registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self

    from .._api.run import Run

#: The whole of a collection's versions; one is linked to fewer places.
_PORTFOLIO = "ArtifactPortfolio"


class Links(Files, Edits):
    """Base of `Artifact`."""

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Logs a draft, or sends what was changed of a version."""
        raise NotImplementedError

    def wait(self, timeout: float | None = None) -> Self:
        """Returns when it is a version."""
        raise NotImplementedError

    @classmethod
    def _from_name(cls, client: Any, path: Path) -> Self:
        raise NotImplementedError

    @classmethod
    def _from_membership(cls, client: Any, said: dict[str, Any], path: Path) -> Self:
        raise NotImplementedError

    def link(self, target_path: str, aliases: Iterable[str] | None = None) -> Self:
        """Links this version to a collection, which is made if need be, and returns it
        as it is there. A draft is logged first.

        `target_path`: `wandb-registry-REGISTRY/COLLECTION`, also with an organization
        before it, or `[[ENTITY/]PROJECT/]COLLECTION`.
        """
        names = check_aliases(aliases or [])
        if self.is_link:
            _term.warn(
                "Linking to a link artifact will result in directly linking to the source"
                " artifact of that link artifact."
            )
        if self.is_draft():
            if self._saving is None:
                self.save(project=self._source_project)
            self.wait()
        target = self._target(target_path)
        result = self._asked().ask(
            documents.LINK,
            input={
                "artifactID": self.id,
                "artifactPortfolioName": target.collection,
                "entityName": target.prefix,
                "projectName": target.project,
                "aliases": [
                    {"artifactCollectionName": target.collection, "alias": name} for name in names
                ],
            },
        )["result"]
        if not result or not result.get("artifactMembership"):
            raise ValueError("Unable to parse linked artifact version from response")
        place = target._replace(name=target.collection)
        return self._from_membership(self._asked(), result["artifactMembership"], place)

    def _target(self, path: str) -> Path:
        env = _settings.from_env(os.environ)
        target = Path.read(path).or_else(project=env.project or "uncategorized")
        if not is_registry(target.project):
            return target.or_else(prefix=self.source_entity)
        from .._api.organizations import organization_of

        organization = target.prefix or os.environ.get("WANDB_ORGANIZATION")
        found = organization_of(self._asked(), self.source_entity, organization)
        return target._replace(prefix=found.entity)

    def unlink(self) -> None:
        """Takes it out of the collection that it was linked to."""
        self._logged("unlink")
        if not self.is_link:
            raise ValueError(
                f"Artifact {self.qualified_name!r} is not a linked artifact and cannot be"
                " unlinked.  To delete it, use 'Artifact.delete' instead."
            )
        self._unlink()

    def _unlink(self) -> None:
        change = {"artifactID": self.id, "artifactPortfolioID": self.collection.id}
        try:
            self._asked().ask(documents.UNLINK, input=change)
        except CommError as error:
            raise CommError(f"cannot unlink {self.qualified_name}: {error}") from error

    def delete(self, delete_aliases: bool = False) -> None:
        """Deletes the version, and its aliases with `delete_aliases`; one that has
        aliases is refused without. Of a link, only the link goes."""
        self._logged("delete")
        if self.is_link:
            _term.warn("Deleting a link artifact only unlinks it; its source stays as it is.")
            self._unlink()
            return
        change = {"artifactID": self.id, "deleteAliases": delete_aliases}
        self._asked().ask(documents.DELETE, input=change)

    @property
    def linked_artifacts(self) -> list[Self]:
        """This version as it is in every collection that it is linked to; empty where
        it is a link itself."""
        self._logged("linked_artifacts")
        if self.is_link:
            return []
        found = self._asked().ask(documents.LINKED, artifactID=self.id).get("artifact")
        if not found or found.get("artifactMemberships") is None:
            raise ValueError("Unable to find any artifact memberships for artifact")
        nodes = [edge["node"] for edge in found["artifactMemberships"]["edges"]]
        return [
            self._as_linked(node)
            for node in nodes
            if node["artifactCollection"]["__typename"] == _PORTFOLIO
        ]

    def _as_linked(self, node: dict[str, Any]) -> Self:
        linked = copy.copy(self)
        collection = node["artifactCollection"]
        linked._version = f"v{node['versionIndex']}"
        linked._name = f"{collection['name']}:{linked._version}"
        linked._entity = collection["project"]["entity"]["name"]
        linked._project = collection["project"]["name"]
        linked._is_link = True
        linked._linked_at = node["createdAt"]
        names = [alias["alias"] for alias in node["aliases"]]
        linked._aliases = list(dict.fromkeys([*names, linked._version]))
        linked._saved_aliases = list(linked._aliases)
        linked._tags = list(self._tags)
        linked._metadata = copy.deepcopy(self._metadata)
        return linked

    @property
    def source_artifact(self) -> Self:
        """The version as it was logged; itself, where it is no link."""
        self._logged("source_artifact")
        if not self.is_link:
            return self
        path = Path(self.source_entity, self.source_project, self.source_name)
        try:
            return self._from_name(self._asked(), path)
        except Exception as error:
            raise ValueError(
                f"Unable to fetch source artifact for linked artifact {self.name}"
            ) from error

    def used_by(self) -> list[Run]:
        """The runs that used it."""
        self._logged("used_by")
        found = self._asked().ask(documents.USED_BY, id=self.id).get("artifact") or {}
        edges = (found.get("usedBy") or {}).get("edges") or []
        runs = [self._run(edge["node"]) for edge in edges]
        return [run for run in runs if run is not None]

    def logged_by(self) -> Run | None:
        """The run that logged it; None where that is gone, or was a person."""
        self._logged("logged_by")
        found = self._asked().ask(documents.CREATED_BY, id=self.id).get("artifact") or {}
        return self._run(found.get("createdBy") or {})

    def _run(self, node: dict[str, Any]) -> Run | None:
        from .._api.run import Run

        project = node.get("project")
        if node.get("__typename") != "Run" or not project:
            return None
        entity, name = project["entity"]["name"], project["name"]
        try:
            return Run(self._asked(), entity, name, node["name"])
        except NotFoundError:
            return None
