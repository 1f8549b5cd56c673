"""Owns `Api`: where questions begin, and how paths of runs and projects are read."""

from __future__ import annotations

import os
from typing import Any

from .. import _settings
from .._artifacts.names import is_registry
from ..errors import UsageError
from . import projects, users
from .artifact_api import ArtifactApi
from .client import Client
from .organizations import organization_of
from .run import Run
from .runs import OLDEST_FIRST, Runs
from .web import Web

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .projects import Project, Projects
    from .reports import Reports
    from .users import User
    from .web import Door

_CREATE_RUN = """mutation CreateRun(
    $entity: String, $project: String, $name: String!, $state: String
) {
    upsertBucket(
        input: { entityName: $entity, modelName: $project, name: $name, state: $state }
    ) { bucket { id name project { name entity { name } } } inserted }
}"""

#: W&B's own; `timeout=` and WANDB_HTTP_TIMEOUT change it.
_TIMEOUT_S = 19.0


class Api(ArtifactApi):
    """Reads runs back, and changes what may be changed of them.

    Without `overrides={"base_url": …}`, it asks this machine's daemon, which is
    started where none runs; with it, that server, with `api_key`, else
    PANNIER_API_KEY, else WANDB_API_KEY. `overrides` may also give the `entity`,
    `project` and `organization` that paths without them mean. Nothing is cached between calls.
    """

    def __init__(
        self,
        overrides: dict[str, Any] | None = None,
        timeout: float | None = None,
        api_key: str | None = None,
    ) -> None:
        env = _settings.from_env(os.environ)
        self.settings: dict[str, Any] = {
            "base_url": None,
            "entity": env.entity,
            "project": env.project,
            "organization": os.environ.get("WANDB_ORGANIZATION"),
            **(overrides or {}),
        }
        given = (os.environ.get(f"{prefix}_API_KEY") for prefix in ("PANNIER", "WANDB"))
        self.api_key = api_key or next(filter(None, given), None)
        self._client = Client(self._door(), _timeout(timeout))
        self._viewer: User | None = None

    def _door(self) -> Door:
        base_url = self.settings["base_url"]
        if not base_url:
            from .daemon import Daemon

            return Daemon()
        if not str(base_url).startswith(("http://", "https://")):
            raise UsageError(f"base_url must begin with http:// or https://, not be {base_url!r}")
        return Web(str(base_url), self.api_key)

    @property
    def viewer(self) -> User:
        """Whom the server takes us for."""
        if self._viewer is None:
            found = self._client.ask(users.VIEWER).get("viewer")
            if found is None:
                raise UsageError("the server does not say who we are; is the API key right?")
            self._viewer = users.User(found)
        return self._viewer

    @property
    def default_entity(self) -> str | None:
        """Whose runs are meant where a path names no entity."""
        found: str | None = self.viewer._attrs.get("entity")
        return found

    def run(self, path: str = "") -> Run:
        """The run `entity/project/id`; entity and project may be left out where
        `overrides`, the environment or the server say them."""
        entity, project, run = self._run_path(path)
        return Run(self._client, entity, project, run, lazy=False)

    def runs(
        self,
        path: str | None = None,
        filters: dict[str, Any] | None = None,
        order: str = OLDEST_FIRST,
        per_page: int = 50,
        include_sweeps: bool = False,
        lazy: bool = True,
    ) -> Runs:
        """The runs of `entity/project`, those that Mongo-style `filters` let through.

        `order`: `+created_at` (`-` for newest first), `heartbeat_at`, `config.KEY.value`,
        `summary_metrics.KEY`. With `lazy`, config and summary come when looked at.
        """
        entity, project = self._project_path(path)
        return Runs(self._client, entity, project, filters, order, per_page, lazy)

    def project(self, name: str, entity: str | None = None) -> Project:
        """The project of this name, which need not be there until it is looked at."""
        if is_registry(name):
            entity = organization_of(self._client, self._entity(), entity).entity
        return projects.Project(self._client, entity or self._entity(), name)

    def projects(self, entity: str | None = None, per_page: int = 200) -> Projects:
        """The projects of an entity."""
        return projects.Projects(self._client, entity or self._entity(), per_page)

    def reports(
        self, path: str | None = None, name: str | None = None, per_page: int = 50
    ) -> Reports:
        """The reports of `entity/project`; `name` is the one that W&B gave a report, not
        its title."""
        from .reports import Reports

        return Reports(self._client, *self._project_path(path), name, per_page)

    def create_project(self, name: str, entity: str | None = None) -> None:
        """Makes a project, if it is not there."""
        given = {"name": name, "entityName": entity or self._entity()}
        self._client.ask(projects.CREATE, input=given)

    def create_run(
        self,
        *,
        run_id: str | None = None,
        project: str | None = None,
        entity: str | None = None,
        state: str = "running",
    ) -> Run:
        """Makes a run without a program; for recording one there is `pannier.init`."""
        from .._session import _random_id

        bucket = self._client.ask(
            _CREATE_RUN,
            entity=entity or self._entity(),
            project=project or self.settings["project"] or "uncategorized",
            name=run_id or _random_id(),
            state=state,
        )["upsertBucket"]["bucket"]
        place = bucket["project"]
        return Run(self._client, place["entity"]["name"], place["name"], bucket["name"], lazy=False)

    def from_path(self, path: str) -> Run | Project:
        """The project `project` or `entity/project`, or the run
        `entity/project/id` or `entity/project/runs/id`."""
        parts = path.strip("/ ").split("/")
        if len(parts) <= 2:
            return self.project(parts[-1], parts[0] if len(parts) == 2 else None)
        if len(parts) == 3 or (len(parts) == 4 and parts[2] in ("run", "runs")):
            return self.run("/".join([*parts[:2], parts[-1]]))
        raise UsageError(f"{path!r} is no path of a project or run: ENTITY/PROJECT/runs/ID")

    def flush(self) -> None:
        """Does nothing: nothing is cached."""

    def __getattr__(self, name: str) -> Any:
        # Only reached for what is not here; hasattr() gets its answer, people a reason.
        raise AttributeError(
            f"pannier's Api has no {name!r}; it has runs, their history and files, projects,"
            " reports, artifacts and registries (docs/python.md)"
        )

    def __repr__(self) -> str:
        return f"<Api {self.settings['base_url'] or 'of this machine'}>"

    def _entity(self) -> str:
        entity = self.settings["entity"] or self.default_entity
        if not entity:
            raise UsageError('name an entity, or give Api(overrides={"entity": …})')
        return str(entity)

    def _project_path(self, path: str | None) -> tuple[str, str]:
        entity, slash, project = (path or "").strip("/ ").rpartition("/")
        project = project.strip() or self.settings["project"] or "uncategorized"
        if "/" in entity:
            raise UsageError(f"{path!r} is no path of a project: ENTITY/PROJECT")
        return entity.strip() if slash else self._entity(), project

    def _run_path(self, path: str) -> tuple[str, str, str]:
        """Reads `e/p/id`, `e/p/runs/id`, `e/p:id`, `p/id`, `p:id` and `id`."""
        parts = [part.strip() for part in path.strip("/ ").split("/")]
        if len(parts) == 4 and parts[2] in ("run", "runs"):
            del parts[2]
        if len(parts) < 3 and ":" in parts[-1]:
            parts[-1:] = parts[-1].split(":", 1)
        if not 1 <= len(parts) <= 3 or not all(parts):
            raise UsageError(f"{path!r} is no path of a run: ENTITY/PROJECT/ID")
        project = parts[-2] if len(parts) > 1 else self.settings["project"]
        if not project:
            raise UsageError(f"{path!r} names no project: ENTITY/PROJECT/ID")
        entity = parts[0] if len(parts) == 3 else self._entity()
        return entity, str(project), parts[-1]


def _timeout(given: float | None) -> float:
    try:
        return float(given or os.environ.get("WANDB_HTTP_TIMEOUT") or _TIMEOUT_S)
    except ValueError:
        raise UsageError("WANDB_HTTP_TIMEOUT must be a number of seconds") from None
