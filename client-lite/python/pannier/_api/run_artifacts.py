"""Owns telling the server which versions a run used and logged."""

from __future__ import annotations

from typing import Any

from .._artifacts import documents
from .._artifacts.artifact import Artifact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from .client import Client
    from .run import Run

_DRAFT = "Only existing artifacts are accepted by this api. Log it in a run, with pannier.init()"


def record_use(client: Client, entity: str, project: str, run: str, artifact: Artifact) -> None:
    """Records that a run used a version, and by which of its collections."""
    client.ask(
        documents.USE,
        entityName=entity,
        projectName=project,
        runName=run,
        artifactID=artifact.id,
        artifactEntityName=artifact.entity,
        artifactProjectName=artifact.project,
    )


def use(run: Run, artifact: Any) -> Artifact:
    """Records that this run used a version."""
    if not isinstance(artifact, Artifact):
        raise ValueError("You must pass a pannier.Api().artifact() to use_artifact")
    if artifact.is_draft():
        raise ValueError(_DRAFT)
    record_use(run._client, run.entity, run.project, run.id, artifact)
    return artifact


def log(
    run: Run,
    artifact: Any,
    aliases: Collection[str] | None,
    tags: Collection[str] | None,
) -> Artifact:
    """Records that this run logged a version's content."""
    if not isinstance(artifact, Artifact):
        raise TypeError("You must pass a pannier.Api().artifact() to log_artifact")
    if artifact.is_draft():
        raise ValueError(_DRAFT)
    if (run.entity, run.project) != (artifact.source_entity, artifact.source_project):
        raise ValueError("A run can't log an artifact to a different project.")
    name = artifact.source_name.partition(":")[0]
    change = {
        "artifactTypeName": artifact.type,
        "artifactCollectionNames": [name],
        "entityName": run.entity,
        "projectName": run.project,
        "runName": run.id,
        "digest": artifact.digest,
        "digestAlgorithm": artifact.digest_algorithm,
        "aliases": [{"artifactCollectionName": name, "alias": alias} for alias in aliases or ()],
        "tags": [{"tagName": tag} for tag in tags or ()],
        "enableDigestDeduplication": True,
    }
    run._client.ask(documents.CREATE, input=change)
    return artifact
