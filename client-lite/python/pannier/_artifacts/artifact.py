"""Owns `Artifact`: a draft that becomes a version when it is logged, or a version that
the server knows, put together from what this package's modules own."""

from __future__ import annotations

import os
from typing import Any

from .. import _lifecycle, _term
from ..errors import ArtifactNotLoggedError, NotFoundError
from . import documents
from .adding import Adding
from .links import Links
from .manifest import ArtifactManifest
from .names import Path, check_metadata, check_name, check_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._api.client import Client

_ID_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ID_LENGTH = 128


class Artifact(Links, Adding):
    """A set of files under a name, with versions.

    Fill a draft with `add_file`, `add_dir`, `new_file` and `add_reference`, log it
    with `run.log_artifact(artifact)` or `artifact.save()`, and `wait()` for its version.
    `storage_region` and `use_as` are accepted for W&B's sake; the digest is MD5.
    """

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
        storage_region: str | None = None,
        digest_algorithm: str = "MD5",
    ) -> None:
        super().__init__(check_name(name), check_type(str(type), name))
        self._description = description
        self._metadata = check_metadata(metadata)
        self._incremental = incremental
        self.distributed_id: str | None = None
        self._client_id = _random_id()
        self._sequence_client_id = _random_id()
        if use_as is not None:
            _term.warn_once("use_as has no effect any more, as in W&B")
        if digest_algorithm == "XXH128":
            _term.warn_once(f"artifact {name} gets MD5 digests; pannier computes no others")

    @classmethod
    def _from_name(cls, client: Client, path: Path) -> Artifact:
        """The version of this name; `NotFoundError` where there is none."""
        data = client.ask(
            documents.BY_NAME, entity=path.prefix, project=path.project, name=path.name
        )
        if not data.get("project"):
            raise NotFoundError(f"project {path.project!r} not found under entity {path.prefix!r}")
        membership = data["project"].get("artifactCollectionMembership")
        if not membership:
            raise NotFoundError(
                f"artifact membership {path.name!r} not found in '{path.prefix}/{path.project}'"
            )
        return cls._from_membership(client, membership, path)

    @classmethod
    def _from_membership(cls, client: Client, said: dict[str, Any], path: Path) -> Artifact:
        """A version in one of its collections."""
        collection = said.get("artifactCollection") or {}
        project, artifact = collection.get("project"), said.get("artifact")
        if not project or not artifact:
            raise NotFoundError(f"Artifact '{path}' not found in response")
        # A digest or an id alone names no collection.
        name = path.name if path.collection == collection["name"] else collection["name"]
        return cls._from_said(
            client, Path(project["entity"]["name"], project["name"], name), artifact, said
        )

    @classmethod
    def _from_said(
        cls,
        client: Client,
        path: Path,
        said: dict[str, Any],
        membership: dict[str, Any] | None = None,
    ) -> Artifact:
        """A version as the server describes it."""
        artifact = cls("placeholder", "placeholder")
        artifact._client = client
        artifact._entity, artifact._project, artifact._name = path
        artifact._take(said, membership)
        return artifact

    @classmethod
    def _from_id(cls, client: Client, artifact_id: str) -> Artifact | None:
        """The version of this id, in the collection that it was logged to."""
        said = client.ask(documents.BY_ID, id=artifact_id).get("artifact")
        if not said:
            return None
        source = said["artifactSequence"]
        project = source.get("project") or {"name": "", "entity": {"name": ""}}
        name = f"{source['name']}:v{said['versionIndex']}"
        return cls._from_said(client, Path(project["entity"]["name"], project["name"], name), said)

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Logs a draft as output of the run that is active, or else of a run of type
        `auto` in `project` made for it; sends what was changed of a version."""
        if not self.is_draft():
            self._update()
            return
        active = _lifecycle.active()
        if active:
            active[-1].log_artifact(self)
            return
        from .. import init
        from .._settings import Settings

        said = _term.silent, _term.quiet
        try:
            with init(
                entity=self._source_entity,
                project=project or self._source_project,
                job_type="auto",
                settings=settings or Settings(silent=True),
            ) as run:
                run.log_artifact(self)
        finally:
            _term.silent, _term.quiet = said

    def wait(self, timeout: float | None = None) -> Artifact:
        """Returns when a logged draft is a version. A part of a distributed one is
        none before its last part is there, so nothing is waited for.

        Raises `WaitTimeoutError` after `timeout` seconds, and ValueError where it
        cannot be stored.
        """
        if not self.is_draft():
            return self
        if self._saving is None:
            raise ArtifactNotLoggedError("Artifact.wait", self)
        if self._saving.whole:
            from base64 import b64encode

            found = self._saving.wait(timeout)
            artifact_id = b64encode(f"Artifact:{found}".encode()).decode()
            said = self._asked().ask(documents.BY_ID, id=artifact_id).get("artifact")
            if not said:
                raise ValueError(f"Unable to fetch artifact with id: {artifact_id!r}")
            self._name = self._name.partition(":")[0]
            self._entity = self._project = None
            self._take(said)
            if self._staging is not None:
                self._staging.close()
        return self

    def new_draft(self) -> Artifact:
        """A draft with the same content, to be changed and logged as the next version."""
        self._logged("new_draft")
        draft = Artifact(self.source_name.partition(":")[0], self.type)
        draft._client = self._client
        draft._source_entity, draft._source_project = self._source_entity, self._source_project
        draft._description = self.description
        draft._metadata = check_metadata(self.metadata)
        draft._manifest = ArtifactManifest.from_manifest_json(self.manifest.to_manifest_json())
        for entry in draft._manifest.entries.values():
            if entry.ref is None and entry.birth_artifact_id is None:
                entry.birth_artifact_id = self.id
        return draft

    def json_encode(self) -> dict[str, Any]:
        """The version as a JSON object that names it."""
        self._logged("json_encode")
        return {
            "_type": "artifactVersion",
            "_version": "v0",
            "id": self.id,
            "version": self.source_version,
            "sequenceName": self.source_name.partition(":")[0],
            "usedAs": None,
        }

    def _other(self, artifact_id: str) -> Artifact:
        found = Artifact._from_id(self._asked(), artifact_id)
        if found is None:
            raise NotFoundError(f"there is no artifact with the id {artifact_id}")
        return found

    def __repr__(self) -> str:
        return f"<Artifact {self.id or self.name}>"


def _random_id() -> str:
    # The characters need not be equally likely; of 128 of them none is guessed.
    return "".join(_ID_CHARACTERS[byte % len(_ID_CHARACTERS)] for byte in os.urandom(_ID_LENGTH))
