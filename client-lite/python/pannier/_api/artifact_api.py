"""Owns what `Api` is asked about artifacts, collections and registries, and how their
names are completed: with the entity and project of its settings, and in a registry
with the entity of the organization."""

from __future__ import annotations

from typing import Any

from .._artifacts.artifact import Artifact
from .._artifacts.manifest import id_of
from .._artifacts.names import Path, is_registry
from ..errors import CommError, NotFoundError, UsageError
from . import organizations, registry
from .artifacts import ArtifactCollections, Artifacts, ArtifactType, ArtifactTypes
from .collections import ArtifactCollection
from .registries import Registries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import Client
    from .organizations import Organization
    from .registry import Registry

_SCHEME = "wandb-artifact://"
_ID_DIGITS = 32


class ArtifactApi:
    """Base of `Api`."""

    settings: dict[str, Any]
    _client: Client

    def _entity(self) -> str:
        """Whose things are meant where a name does not say."""
        raise NotImplementedError

    # Versions

    def artifact(self, name: str, type: str | None = None) -> Artifact:
        """The version `[[entity/]project/]collection:version`; the alias, the digest or
        the client's id may stand for the version, and `wandb-artifact://` before it all.

        Raises `NotFoundError` where there is none of that name and type.
        """
        if name is None:
            raise ValueError("You must specify name= to fetch an artifact.")
        found = self._by_id(name) or Artifact._from_name(self._client, self._full(name))
        if type is not None and found.type != type:
            raise NotFoundError(
                f"type {type!r} specified but this artifact is of type {found.type!r}"
            )
        return found

    def artifacts(
        self,
        type_name: str,
        name: str,
        per_page: int = 50,
        tags: list[str] | None = None,
        order: str | None = None,
        start: str | None = None,
    ) -> Artifacts:
        """The versions in a collection; with `tags`, those that have all of them."""
        place = self._full(name)
        return Artifacts(
            self._client,
            str(place.prefix),
            str(place.project),
            place.name,
            type_name,
            order=order,
            per_page=per_page,
            tags=tags,
            start=start,
        )

    def artifact_versions(self, type_name: str, name: str, per_page: int = 50) -> Artifacts:
        """An older name of `artifacts`."""
        return self.artifacts(type_name, name, per_page)

    def artifact_exists(self, name: str, type: str | None = None) -> bool:
        """Whether there is this version."""
        try:
            self.artifact(name, type)
        except NotFoundError:
            return False
        except CommError:
            raise
        except ValueError:  # no such name is possible
            return False
        return True

    # Collections

    def artifact_types(
        self, project: str | None = None, per_page: int = 50, start: str | None = None
    ) -> ArtifactTypes:
        """The types of artifacts that the project `[entity/]project` has."""
        return ArtifactTypes(self._client, *self._project(project), per_page, start)

    def artifact_type(self, type_name: str, project: str | None = None) -> ArtifactType:
        """One of the types."""
        return ArtifactType(self._client, *self._project(project), type_name)

    def artifact_collections(
        self,
        project_name: str,
        type_name: str,
        per_page: int = 50,
        filters: dict[str, Any] | None = None,
        order: str | None = None,
        start: str | None = None,
    ) -> ArtifactCollections:
        """The collections of a type in the project `[entity/]project`."""
        entity, project = self._project(project_name)
        return ArtifactCollections(
            self._client, entity, project, type_name, filters, order, per_page, start
        )

    def artifact_collection(self, type_name: str, name: str) -> ArtifactCollection:
        """The collection `[[entity/]project/]collection`."""
        place = self._full(name)
        organization = Path.read(name).prefix if is_registry(place.project) else None
        return ArtifactCollection(
            self._client,
            str(place.prefix),
            str(place.project),
            place.name,
            type_name,
            organization,
        )

    def artifact_collection_exists(self, name: str, type: str) -> bool:
        """Whether there is this collection."""
        try:
            self.artifact_collection(type, name)
        except NotFoundError:
            return False
        return True

    # Organizations and registries

    def organization(self, name: str | None = None) -> Organization:
        """The organization of this name, or the one that the entity belongs to."""
        return organizations.organization(self._client, self._organization(name))

    def registries(
        self,
        organization: str | None = None,
        filter: dict[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Registries:
        """The registries of an organization, to go through or to narrow further:
        `registries(…).collections(…).versions(…)`.

        `filter` is Mongo-style: `name`, `description`, `created_at`, `updated_at` of
        registries and collections, `tag` of collections; `tag`, `alias`, `version`,
        `metadata.KEY`, `created_at` of versions. A plain name is completed with
        `wandb-registry-`; a `$regex` is not.
        """
        found = self._organization(organization)
        return Registries(self._client, found, filter, order, per_page, start)

    def registry(self, name: str, organization: str | None = None) -> Registry:
        """The registry of this name, without `wandb-registry-`."""
        found = self._organization(organization)
        entity = organizations.organization(self._client, found).org_entity.name
        made = registry.Registry(self._client, found, entity, name)
        made.load()
        return made

    def create_registry(
        self,
        name: str,
        visibility: str,
        organization: str | None = None,
        description: str | None = None,
        artifact_types: list[str] | None = None,
    ) -> Registry:
        """Makes a registry, for artifacts of these types or, without, of all.

        `visibility`: `organization`, or `restricted` to those who are let in.
        """
        found = self._organization(organization)
        entity = organizations.organization(self._client, found).org_entity.name
        try:
            registry.Registry(self._client, found, entity, name).load()
        except NotFoundError:
            place = self._client, found, entity
            return registry.create(*place, name, visibility, description, artifact_types)
        raise ValueError(
            f"Registry {name!r} already exists in organization {found!r}, please use a"
            " different name."
        )

    # Names

    def _organization(self, given: str | None) -> str:
        found = given or self.settings.get("organization")
        return found or organizations.organization_of(self._client, self._entity()).name

    def _full(self, name: str) -> Path:
        """A name with what it leaves out."""
        path = Path.read(name[len(_SCHEME) :] if name.startswith(_SCHEME) else name)
        path = path.or_else(project=self.settings["project"] or "uncategorized")
        if not is_registry(path.project):
            return path if path.prefix else path.or_else(prefix=self._entity())
        wanted = path.prefix or self.settings.get("organization")
        found = organizations.organization_of(self._client, self._entity(), wanted)
        return path._replace(prefix=found.entity)

    def _project(self, path: str | None) -> tuple[str, str]:
        entity, _, project = (path or "").strip("/ ").rpartition("/")
        if "/" in entity:
            raise UsageError(f"{path!r} is no path of a project: ENTITY/PROJECT")
        full = self._full(f"{entity}/{project or self.settings['project'] or 'uncategorized'}/-")
        return str(full.prefix), str(full.project)

    def _by_id(self, name: str) -> Artifact | None:
        """The version that `wandb-artifact://` refers to by its id."""
        host, _, rest = name[len(_SCHEME) :].partition("/")
        if not name.startswith(_SCHEME):
            return None
        if host == "_id":
            artifact_id = rest
        elif len(host) >= _ID_DIGITS and all(digit in "0123456789abcdef" for digit in host):
            artifact_id = id_of(host)
        else:
            return None
        found = Artifact._from_id(self._client, artifact_id)
        if found is None:
            raise NotFoundError(f"artifact {name!r} not found")
        return found
