"""Owns what a run logs, uses and links of artifacts: these methods of `Run`.

Logging goes to the run's session, needs no daemon, and is done when the files are
snapshots. Names, links and lineage are the daemon's, and are asked of it.
"""

from __future__ import annotations

import os

from .errors import CommError, Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    from ._api.api import Api
    from ._artifacts.artifact import Artifact
    from ._session import AnySession
    from ._settings import Settings

    Content = Union[Artifact, str, "os.PathLike[str]"]

#: How long the question may take that only finds mistakes early.
_TYPE_S = 2.0
_LATEST = "latest"


class RunArtifacts:
    """Base of `Run`."""

    _session: AnySession
    _settings: Settings
    _disabled: bool
    _finished: bool
    _api: Api | None
    id: Any
    entity: Any
    project: Any
    step: Any

    def log_artifact(
        self,
        artifact_or_path: Content,
        name: str | None = None,
        type: str | None = None,
        aliases: list[str] | None = None,
        tags: list[str] | None = None,
    ) -> Artifact:
        """Logs a draft, a file, a folder or a reference as output of this run.

        When this returns, its content is a snapshot that later changes of the files do
        not touch; `wait()` on the result returns when it is a version. It always gets
        the alias `latest`.
        """
        return self._log_artifact(artifact_or_path, name, type, aliases, tags)

    def upsert_artifact(
        self,
        artifact_or_path: Content,
        name: str | None = None,
        type: str | None = None,
        aliases: list[str] | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """Logs a part of an artifact that several runs make together; they share
        `distributed_id`, or their group. `finish_artifact` makes it a version."""
        shared = self._shared_id("upsert", distributed_id)
        return self._log_artifact(
            artifact_or_path, name, type, aliases, distributed_id=shared, finalize=False
        )

    def finish_artifact(
        self,
        artifact_or_path: Content,
        name: str | None = None,
        type: str | None = None,
        aliases: list[str] | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """Logs the last part of an artifact that several runs make together."""
        shared = self._shared_id("finish", distributed_id)
        return self._log_artifact(artifact_or_path, name, type, aliases, distributed_id=shared)

    def use_artifact(
        self,
        artifact_or_name: Artifact | str,
        type: str | None = None,
        aliases: list[str] | None = None,
        use_as: str | None = None,
    ) -> Artifact:
        """The version of this name, recorded as input of this run.

        `name:alias`, `name:v3`, `name:DIGEST`, also with `project/` or
        `entity/project/` before it; `wandb-registry-REGISTRY/COLLECTION:alias`, also
        with an organization before it. A draft is logged, and waited for.
        """
        from ._artifacts.artifact import Artifact

        self._in_use("use_artifact")
        if isinstance(artifact_or_name, str):
            artifact = self._public_api().artifact(artifact_or_name)
            if type is not None and type != artifact.type:
                raise ValueError(
                    f"Supplied type {type} does not match type {artifact.type} of artifact"
                    f" {artifact.name}"
                )
        elif isinstance(artifact_or_name, Artifact):
            artifact = artifact_or_name
            if artifact.is_draft():
                if artifact._saving is None:
                    self._log_artifact(artifact, aliases=aliases)
                artifact.wait()
        else:
            raise ValueError(
                'You must pass an artifact name (e.g. "pedestrian-dataset:v1"), an instance of'
                " `pannier.Artifact`, or `pannier.Api().artifact()` to `use_artifact`"
            )
        if not self._disabled:
            from ._api.run_artifacts import record_use

            client = self._public_api()._client
            record_use(client, self.entity, self.project, self.id, artifact)
        return artifact

    def link_artifact(
        self, artifact: Artifact, target_path: str, aliases: list[str] | None = None
    ) -> Artifact:
        """Links a version to a collection, and returns it as it is there; a draft is
        logged first. See `Artifact.link`."""
        from ._artifacts.names import Path, is_registry

        self._in_use("link_artifact")
        if artifact.is_draft() and artifact._saving is None:
            artifact = self._log_artifact(artifact)
        target = Path.read(target_path)
        if not is_registry(target.project):
            target = target.or_else(self.entity, self.project)
        return artifact.link(str(target), aliases)

    def log_model(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        aliases: list[str] | None = None,
    ) -> None:
        """Logs a file or folder as an artifact of the type `model`."""
        self._log_artifact(path, name, "model", aliases)

    def use_model(self, name: str) -> str:
        """Fetches a model: the path of its file, or of the folder with its files."""
        artifact = self.use_artifact(name)
        _check_model(artifact)
        folder = artifact.download()
        names = os.listdir(folder)
        return os.path.join(folder, names[0]) if len(names) == 1 else folder

    def link_model(
        self,
        path: str | os.PathLike[str],
        registered_model_name: str,
        name: str | None = None,
        aliases: list[str] | None = None,
    ) -> Artifact | None:
        """Logs a model and links it to `registered_model_name` in the entity's project
        `model-registry`."""
        if "/" in registered_model_name:
            raise AssertionError(
                "Please provide only the name of the registered model."
                " Do not append the entity or project name."
            )
        kind = "model"
        if name is not None:
            try:
                known = self._public_api().artifact(f"{name}:latest")
            except (CommError, ValueError):
                pass
            else:
                _check_model(known)
                kind = known.type
        artifact = self._log_artifact(path, name, kind)
        target = f"{self.entity}/model-registry/{registered_model_name}"
        return self.link_artifact(artifact, target, aliases)

    def _log_artifact(
        self,
        content: Content,
        name: str | None = None,
        kind: str | None = None,
        aliases: list[str] | None = None,
        tags: list[str] | None = None,
        distributed_id: str | None = None,
        finalize: bool = True,
    ) -> Artifact:
        from ._artifacts.logged import hand_over
        from ._artifacts.names import check_aliases, check_metadata, check_tags

        self._in_use("log_artifact")
        names = check_aliases(aliases or [])
        labels = check_tags(tags or [])
        artifact = self._draft(content, name, kind)
        if not artifact.is_draft():
            raise ValueError(
                f"{artifact.qualified_name} is a version already; change its new_draft() and log"
                " that"
            )
        if artifact._saving is not None and not (distributed_id and finalize):
            return artifact
        artifact.metadata = check_metadata(artifact.metadata)
        artifact.distributed_id = distributed_id
        artifact.finalize()
        if self._disabled:
            return artifact
        # Nobody else can have a collection for tables, and `log` must not wait.
        if artifact.type != "run_table":
            self._check_place(artifact)
        artifact._client = self._public_api()._client
        artifact._saving = hand_over(
            self._session,
            artifact,
            list(dict.fromkeys([_LATEST, *names])),
            labels,
            self.step,
            distributed_id,
            finalize,
        )
        return artifact

    def _draft(self, content: Content, name: str | None, kind: str | None) -> Artifact:
        from ._artifacts.artifact import Artifact

        if isinstance(content, Artifact):
            return content
        if not isinstance(content, (str, os.PathLike)):
            raise TypeError(
                "You must pass an instance of pannier.Artifact or a valid file path to"
                f" log_artifact, not {content!r}"
            )
        path = os.fsdecode(content)
        base = os.path.basename(path.rstrip("/"))
        artifact = Artifact(name or f"run-{self.id}-{base}", kind or "unspecified")
        # The files are snapshots as soon as the artifact is handed over.
        if os.path.isfile(path):
            artifact.add_file(path, policy="immutable")
        elif os.path.isdir(path):
            artifact.add_dir(path, policy="immutable")
        elif "://" in path:
            artifact.add_reference(path)
        else:
            raise ValueError(
                f"path must be a file, directory or external reference like s3://bucket/path;"
                f" there is no {path!r}"
            )
        return artifact

    def _check_place(self, artifact: Artifact) -> None:
        """Refuses early what cannot become a version of this collection."""
        entity, project = artifact._source_entity, artifact._source_project
        if entity and entity != self.entity:
            raise ValueError(
                f"Artifact {artifact.name} is owned by entity '{entity}'; it can't be moved to"
                f" '{self.entity}'"
            )
        if project and project != self.project:
            raise ValueError(
                f"Artifact {artifact.name} exists in project '{project}'; it can't be moved to"
                f" '{self.project}'"
            )
        kind = self._known_type(artifact.name)
        if kind is not None and kind != artifact.type:
            raise ValueError(
                f"Artifact {artifact.name} already exists with type '{kind}'; cannot create"
                f" another with type '{artifact.type}'"
            )

    def _known_type(self, name: str) -> str | None:
        """The type of a collection's versions; None where that is not to be known now."""
        from ._api.client import Client
        from ._artifacts import documents

        client = Client(self._public_api()._client._door, _TYPE_S)
        try:
            found = client.ask(
                documents.TYPE_OF, entity=self.entity, project=self.project, name=f"{name}:latest"
            )
        except CommError:
            return None
        artifact = (found.get("project") or {}).get("artifact") or {}
        kind: str | None = (artifact.get("artifactType") or {}).get("name")
        return kind

    def _public_api(self) -> Api:
        if self._api is None:
            from ._api.api import Api

            self._api = Api(overrides={"entity": self.entity, "project": self.project})
        return self._api

    def _shared_id(self, verb: str, given: str | None) -> str:
        found = given or self._settings.run_group
        if found is None:
            raise TypeError(
                f"Cannot {verb} artifact unless run is in a group or distributed_id is provided"
            )
        return found

    def _in_use(self, call: str) -> None:
        if self._finished:
            raise Error(f"run {self.id} is finished; {call}() needs one that is not")


def _check_model(artifact: Artifact) -> None:
    if "model" not in artifact.type.lower():
        raise AssertionError(
            "You can only use this method for 'model' artifacts. For an artifact to be a"
            " 'model' artifact, its type property must contain the substring 'model'."
        )
