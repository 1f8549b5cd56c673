"""Owns `Run`: one run of the server, to look at, to annotate, to delete.

What is set on it stays here until `update()`, which sends what was changed here and
nothing else. Config and summary go as a whole, as W&B's API wants them; they are
asked for anew before that, so that a stale copy undoes nobody's work.
"""

from __future__ import annotations

import json
import tempfile
import time
from typing import Any

from ..errors import CommError, NotFoundError
from . import fields, files, history
from .attrs import Attrs, field
from .client import json_text, parsed
from .console import ConsoleLogs
from .summary import Summary
from .users import User

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Collection

    from .._artifacts.artifact import Artifact
    from .artifacts import RunArtifacts
    from .client import Client
    from .files import File, Files
    from .history import HistoryScan

_IN_RUN = """($entity: String!, $project: String!, $name: String!) {
    project(name: $project, entityName: $entity) { run(name: $name) { %s } }
}"""
_LIGHT = "query Run" + _IN_RUN % fields.LIGHT
_FULL = "query Run" + _IN_RUN % f"{fields.LIGHT} {fields.HEAVY}"
_STATE = "query RunState" + _IN_RUN % "state"
_CONFIG_NOW = "query RunConfig" + _IN_RUN % "config"
_SUMMARY_NOW = "query RunSummary" + _IN_RUN % "summaryMetrics"
_KEYS = "query RunHistoryKeys" + _IN_RUN % "historyKeys"

_UPDATE = """mutation UpdateRun(
    $id: String!, $displayName: String, $notes: String, $description: String,
    $tags: [String!], $config: JSONString, $groupName: String, $jobType: String
) {
    upsertBucket(input: {
        id: $id, displayName: $displayName, notes: $notes, description: $description,
        tags: $tags, config: $config, groupName: $groupName, jobType: $jobType
    }) { bucket { id } }
}"""
_SUMMARY = """mutation UpdateSummary($id: String!, $summary: JSONString!) {
    upsertBucket(input: { id: $id, summaryMetrics: $summary }) { bucket { id } }
}"""
_DELETE = """mutation DeleteRun($id: ID!, $artifacts: Boolean) {
    deleteRun(input: { id: $id, deleteArtifacts: $artifacts }) { clientMutationId }
}"""
_STOP = "mutation StopRun($id: ID!) { stopRun(input: { id: $id }) { success } }"
_SET_STATE = """mutation UpdateRunState($id: ID!, $state: String!) {
    updateRunState(input: { id: $id, state: $state }) { success }
}"""

_ENDED = ("finished", "crashed", "failed", "killed")
_LOOK_S = 0.1
_LOOK_MAX_S = 5.0


class Run(Attrs):
    """One run. Its other fields (`created_at`, `heartbeat_at`, `commit`,
    `history_line_count`, …) are attributes, too."""

    name = field("displayName", "The name people see.")
    display_name = name
    notes = field("notes", "Free text about the run.")
    description = field("description", "Another free text, of older clients.")
    tags = field("tags", "Its labels, a list.")
    group = field("group", "The group it is shown with.")
    job_type = field("jobType", "`train`, `eval`, …")
    state = property(
        lambda self: self._attrs.get("state"),
        doc="running, finished, failed, crashed, killed, preempting, preempted or pending.",
    )

    def __init__(
        self,
        client: Client,
        entity: str,
        project: str,
        run_id: str,
        attrs: dict[str, Any] | None = None,
        lazy: bool = True,
    ) -> None:
        super().__init__({})
        self._client = client
        self._lazy = lazy
        self._metadata: dict[str, Any] | None = None
        self._summary: Summary | None = None
        self.entity = entity
        self.project = project
        self.id = run_id
        if attrs is None:
            self.load(force=True)
        else:
            self._take(attrs)

    # What it is

    @property
    def storage_id(self) -> str:
        """The server's own name of it."""
        found: str = self._attrs["id"]
        return found

    @property
    def path(self) -> list[str]:
        """Entity, project and id."""
        return [self.entity, self.project, self.id]

    @property
    def url(self) -> str | None:
        """The run's page, where the server has pages."""
        return self._client.page(self.entity, self.project, "runs", self.id)

    @property
    def user(self) -> User:
        """Whose run it is."""
        return User(self._attrs.get("user") or {})

    @property
    def username(self) -> str:
        """The entity; W&B keeps this name for older programs."""
        return self.entity

    @property
    def config(self) -> dict[str, Any]:
        """Its hyperparameters. Change them and call `update()`."""
        found: dict[str, Any] = self._heavy("config")
        return found

    @property
    def rawconfig(self) -> dict[str, Any]:
        """The same with what the clients keep there for themselves, under `_wandb`."""
        found: dict[str, Any] = self._heavy("rawconfig")
        return found

    @property
    def json_config(self) -> str:
        """The config as the server keeps it, as JSON."""
        return json_text(fields.wrapped({**self.rawconfig, **self.config}))

    @property
    def summary(self) -> Summary:
        """Its summary, a dict that can be changed: `run.summary.update({...})`."""
        if self._summary is None:
            self._summary = Summary(self.summary_metrics, self._publish_summary)
        return self._summary

    @property
    def summary_metrics(self) -> dict[str, Any]:
        """Its summary as a plain dict."""
        found: dict[str, Any] = self._heavy("summaryMetrics")
        return found

    @property
    def system_metrics(self) -> dict[str, Any]:
        """The machine's metrics as they were last."""
        found: dict[str, Any] = self._heavy("systemMetrics")
        return found

    @property
    def history_keys(self) -> dict[str, Any]:
        """What was logged: counts, kinds and last values by key."""
        found: dict[str, Any] = self._heavy("historyKeys")
        return found

    @property
    def lastHistoryStep(self) -> int:  # noqa: N802
        """The last step that was logged, asked anew each time; -1 for none."""
        keys = self._ask(_KEYS).get("historyKeys") or {}
        return int(keys.get("lastStep", -1))

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Facts about program and machine, from `wandb-metadata.json`; None without it."""
        if self._metadata is None:
            try:
                found = self.file("wandb-metadata.json")
                with tempfile.TemporaryDirectory() as folder, found.download(folder) as file:
                    self._metadata = json.load(file)
            except (CommError, OSError, ValueError):
                return None
        return self._metadata

    # Loading

    def load(self, force: bool = False) -> dict[str, Any]:
        """Its fields; asked of the server again with `force`."""
        if force or not self._attrs:
            self._take(self._ask(_LIGHT if self._lazy else _FULL))
        return self._attrs

    def load_full_data(self, force: bool = False) -> dict[str, Any]:
        """The same with config, summary and system metrics."""
        if force or "config" not in self._attrs:
            self._lazy = False
            self.load(force=True)
        return self._attrs

    def _take(self, found: dict[str, Any]) -> None:
        self._attrs = fields.read(found)
        self._server_said = fields.editable(self._attrs)
        self._config_said = fields.texts(self._attrs.get("config", {}))
        self._summary = None

    def _heavy(self, key: str) -> Any:
        if key not in self._attrs:
            # Of the light fields, those that were set here stay as they were set.
            more = fields.read(self._ask(_FULL))
            self._attrs = {**more, **self._attrs}
            self._config_said = fields.texts(self._attrs["config"])
        return self._attrs[key]

    def _ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """What the server says of this run."""
        names = {"entity": self.entity, "project": self.project, "name": self.id}
        data = self._client.ask(document, **names, **variables)
        found: dict[str, Any] | None = (data.get("project") or {}).get("run")
        if found is None:
            raise NotFoundError(f"Could not find run {self!r}")
        return found

    # Changing it

    def update(self) -> None:
        """Sends what was changed here: name, notes, tags, group, config, summary, …"""
        now, config = fields.editable(self._attrs), self._attrs.get("config", {})
        # None means "as it is" to the server, so what was taken away goes as empty.
        changed = {
            key: "" if value is None else value
            for key, value in now.items()
            if value != self._server_said[key]
        }
        texts, said = fields.texts(config), self._config_said
        keys = [key for key in {**said, **texts} if texts.get(key) != said.get(key)]
        if keys:
            theirs = parsed(self._ask(_CONFIG_NOW)["config"])
            changed["config"] = json_text(fields.patched(theirs, fields.wrapped(config), keys))
        if changed:
            self._client.ask(_UPDATE, id=self.storage_id, **changed)
            self._server_said, self._config_said = now, texts
        if self._summary is not None:
            self._summary.update()

    save = update

    def _publish_summary(self, mine: dict[str, Any], keys: set[str]) -> None:
        theirs = parsed(self._ask(_SUMMARY_NOW)["summaryMetrics"])
        # What begins with `_` is the recording program's, and stays as it is.
        theirs = {key: value for key, value in theirs.items() if not key.startswith("_")}
        sent = json_text(fields.patched(theirs, mine, keys))
        self._client.ask(_SUMMARY, id=self.storage_id, summary=sent)

    def delete(self, delete_artifacts: bool = False) -> None:
        """Deletes the run on the server."""
        self._client.ask(_DELETE, id=self.storage_id, artifacts=delete_artifacts)

    def stop(self) -> None:
        """Asks the program to end as with Ctrl-C. Returns before it has."""
        self._client.ask(_STOP, id=self.storage_id)

    def update_state(self, state: str) -> bool:
        """Sets the state of a run that no program has in hand: `pending` or `failed`."""
        answer = self._client.ask(_SET_STATE, id=self.storage_id, state=state)
        done = bool((answer.get("updateRunState") or {}).get("success"))
        if done:
            self._attrs["state"] = state
        return done

    def wait_until_finished(self) -> None:
        """Returns when the run has ended, well or not."""
        pause_s = _LOOK_S
        while True:
            self._attrs["state"] = self._ask(_STATE)["state"]
            if self.state in _ENDED:
                return
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LOOK_MAX_S)

    # What it logged

    def history(
        self,
        samples: int = 500,
        keys: list[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: str = "default",
    ) -> Any:
        """A sample of its rows: a pandas.DataFrame, or a list of dicts.

        With `keys`, the rows of these and `x_axis`. `stream="system"`: the machine's.
        """
        rows = history.sample(self, samples, keys, x_axis, stream)
        return history.frame(rows) if pandas else rows

    def scan_history(
        self,
        keys: list[str] | None = None,
        page_size: int = 1000,
        min_step: int = 0,
        max_step: int | None = None,
        use_cache: bool = True,
    ) -> HistoryScan:
        """Every row of `min_step <= step < max_step`, in order.

        With `keys`, the rows that have all of them. Nothing is cached here.
        """
        return history.HistoryScan(self, keys, page_size, min_step, max_step)

    beta_scan_history = scan_history

    def console_logs(self, *, per_page: int = 1000, last: int | None = None) -> ConsoleLogs:
        """What it printed, oldest line first; with `last`, that many last lines."""
        return ConsoleLogs(self, per_page, last)

    def files(
        self, names: list[str] | None = None, pattern: str | None = None, per_page: int = 50
    ) -> Files:
        """Its files; those with these names, or like this SQL pattern (`%.json`)."""
        return files.Files(self, names, per_page, pattern)

    def file(self, name: str) -> File:
        """The file of this name; `NotFoundError` where there is none."""
        return files.one(self, name)

    def upload_file(self, path: str | os.PathLike[str], root: str = ".") -> File:
        """Adds a file, called by its path from `root`."""
        return files.upload(self, path, root)

    def logged_artifacts(self, per_page: int = 100, start: str | None = None) -> RunArtifacts:
        """The versions that it logged."""
        from .artifacts import RunArtifacts

        return RunArtifacts(self, "logged", per_page, start)

    def used_artifacts(self, per_page: int = 100, start: str | None = None) -> RunArtifacts:
        """The versions that it used."""
        from .artifacts import RunArtifacts

        return RunArtifacts(self, "used", per_page, start)

    def use_artifact(self, artifact: Artifact, use_as: str | None = None) -> Artifact:
        """Records that it used a version."""
        from .run_artifacts import use

        return use(self, artifact)

    def log_artifact(
        self,
        artifact: Artifact,
        aliases: Collection[str] | None = None,
        tags: Collection[str] | None = None,
    ) -> Artifact:
        """Records that it logged a version of its project, which gets these aliases and
        tags."""
        from .run_artifacts import log

        return log(self, artifact, aliases, tags)

    # How it shows

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """A frame with the run's page."""
        from html import escape

        if self.url is None:
            return escape(repr(self))
        style = f"border:none;width:100%;height:{height}px;" + ("display:none;" if hidden else "")
        return f'<iframe src="{escape(self.url)}?jupyter=true" style="{style}"></iframe>'

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return f"<Run {'/'.join(self.path)} ({self._attrs.get('state', 'not found')})>"
