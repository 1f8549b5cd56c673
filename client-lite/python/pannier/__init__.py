"""pannier: experiment tracking that stays on your machine until there is a road.

    import pannier as wandb

    with wandb.init(project="digits", config={"lr": 0.1}) as run:
        for step in range(1000):
            run.log({"loss": 1 / (step + 1)})

This module owns the public names. What `init` needs is imported with it, so
that the first run does not wait for it; the rest when it is first used.
"""

from __future__ import annotations

from . import _current, _init
from . import errors as errors
from .errors import CommError as CommError
from .errors import Error as Error
from .errors import UsageError as UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta
    from os import PathLike
    from typing import Any, TextIO

    from ._alert import AlertLevel as AlertLevel
    from ._api.api import Api as Api
    from ._artifacts.artifact import Artifact as Artifact
    from ._artifacts.edits import ArtifactTTL as ArtifactTTL
    from ._config import Config as Config
    from ._media.charts import Histogram as Histogram
    from ._media.charts import Plotly as Plotly
    from ._media.files import Audio as Audio
    from ._media.files import Html as Html
    from ._media.files import Video as Video
    from ._media.image import Image as Image
    from ._media.table import Table as Table
    from ._metric import Metric
    from ._run import Run as Run
    from ._settings import Settings as Settings
    from ._summary import Summary as Summary

    #: The run that `init` opened, or None.
    run: Run | None
    #: Its config and its summary.
    config: Config
    summary: Summary

__version__ = "0.1.0"

_LAZY = {
    "Audio": "_media.files",
    "Histogram": "_media.charts",
    "Html": "_media.files",
    "Image": "_media.image",
    "Plotly": "_media.charts",
    "Table": "_media.table",
    "Video": "_media.files",
    "AlertLevel": "_alert",
    "Api": "_api.api",
    "Artifact": "_artifacts.artifact",
    "ArtifactTTL": "_artifacts.edits",
    "Config": "_config",
    "Run": "_run",
    "Settings": "_settings",
    "Summary": "_summary",
}


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | PathLike[str] | None = None,
    id: str | None = None,
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] | None = None,
    config: object = None,
    config_exclude_keys: Sequence[str] | None = None,
    config_include_keys: Sequence[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    reinit: bool | str | None = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    settings: Settings | Mapping[str, Any] | None = None,
    remote: str | None = None,
    **ignored: Any,
) -> Run:
    """Starts a run, or continues one.

    What is not given here is taken from `settings`, then from the environment
    (`PANNIER_PROJECT` or `WANDB_PROJECT`, and so on). `config` may be a dict, a
    namespace, absl flags, or the path of a YAML or JSON file. `mode` is online,
    offline (the same here: both record locally first) or disabled. `resume` is
    allow, must, never or auto. Arguments that only W&B needs are ignored.

    Raises `UsageError` where the arguments cannot be meant; never for trouble
    with the daemon, the disk or the network, which is warned about on stderr.
    """

    given = {
        "entity": entity,
        "project": project,
        "root_dir": dir,
        "run_id": id,
        "run_name": name,
        "run_notes": notes,
        "run_tags": (tags,) if isinstance(tags, str) else tags,
        "allow_val_change": allow_val_change,
        "run_group": group,
        "run_job_type": job_type,
        "mode": mode,
        "reinit": reinit,
        "resume": resume,
        "remote": remote,
    }
    unused = {"resume_from": resume_from, "fork_from": fork_from}
    return _init.init(given, config, config_include_keys, config_exclude_keys, settings, unused)


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
    """`Run.log` of the current run."""
    _current.need("log()").log(data, step, commit)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """Ends the current run, if there is one."""
    if _current.run is not None:
        _current.run.finish(exit_code, quiet)


join = finish


def define_metric(
    name: str,
    step_metric: str | Metric | None = None,
    step_sync: bool | None = None,
    hidden: bool | None = None,
    summary: str | None = None,
    goal: str | None = None,
    overwrite: bool | None = None,
) -> Metric:
    """`Run.define_metric` of the current run."""
    run = _current.need("define_metric()")
    return run.define_metric(name, step_metric, step_sync, hidden, summary, goal, overwrite)


def alert(
    title: str,
    text: str,
    level: str | AlertLevel | None = None,
    wait_duration: float | timedelta | None = None,
) -> None:
    """`Run.alert` of the current run."""
    _current.need("alert()").alert(title, text, level, wait_duration)


def mark_preempting() -> None:
    """`Run.mark_preempting` of the current run."""
    _current.need("mark_preempting()").mark_preempting()


def read(
    project: str,
    run: str,
    key: str,
    entity: str | None = None,
    max_points: int | None = None,
) -> Iterator[tuple[int, float]]:
    """Yields `(step, value)` of a metric, in the order of steps.

    `run` is an id, or a name where only one run of the project has it. With
    `max_points`, at most about so many points that show the curve's shape.
    """
    from ._read import read as start

    return start(project, run, key, entity, max_points)


def login(*_args: Any, **_kwargs: Any) -> bool:
    """Accepts W&B's arguments and does nothing: a local run needs no key.

    The key of a remote is given once, to `pannier remote add`.
    """
    return True


def setup(*_args: Any, **_kwargs: Any) -> None:
    """Does nothing: there is no service to set up."""


def teardown(exit_code: int | None = None) -> None:
    """Ends every run that this process has open."""
    from ._lifecycle import active

    for open_run in reversed(active()):
        open_run.finish(exit_code)


def require(*_args: Any, **_kwargs: Any) -> None:
    """Does nothing: W&B's switch for features to come."""


def termlog(string: str = "", *_args: Any, **_kwargs: Any) -> None:
    """Prints a line on stderr, unless pannier was told to be quiet."""
    from ._term import say

    say(string)


def termwarn(string: str, *_args: Any, **_kwargs: Any) -> None:
    """Prints a warning on stderr, unless pannier was told to be silent."""
    from ._term import warn

    warn(string)


termerror = termwarn

# W&B's names that are methods of the current run.
_ON_RUN = (
    "finish_artifact",
    "link_artifact",
    "link_model",
    "log_artifact",
    "log_code",
    "log_model",
    "pin_config_keys",
    "save",
    "unwatch",
    "upsert_artifact",
    "use_artifact",
    "use_model",
    "watch",
)
# Modules that programs reach by name.
_MODULES = ("apis", "reports", "sdk", "workspaces")


def restore(
    name: str,
    run_path: str | None = None,
    replace: bool = False,
    root: str | None = None,
) -> TextIO | None:
    """Fetches a file of the run `run_path`, or of the current one, and opens it; None
    where the run has no such file. One that is here already is opened as it is, unless
    it is to be replaced."""
    from ._run_files import restore as fetch

    return fetch(_current.run, name, run_path, replace, root)


def __getattr__(name: str) -> Any:
    if name == "run":
        return _current.run
    if name in ("config", "summary"):
        current = _current.run
        return _current.BeforeInit(name) if current is None else getattr(current, name)
    if name in _LAZY or name in _MODULES:
        from importlib import import_module

        if name in _MODULES:
            return import_module(f".{name}", __name__)
        value = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in _ON_RUN:
        return getattr(_current.need(f"{name}()"), name)
    raise AttributeError(f"pannier {__version__} has no {name!r}; docs/python.md says what it has")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_MODULES, *_ON_RUN, "run", "config", "summary"})
