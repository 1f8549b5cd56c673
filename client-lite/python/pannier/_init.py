"""Owns `init`: from what the caller and the environment say to an open `Run`."""

from __future__ import annotations

import os
import sys

from . import _current, _lifecycle, _term
from ._config import from_user
from ._run import Run, disabled_run
from ._session import open_session
from ._settings import Settings, resolve, working_directory
from .errors import Error, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ._resume import ResumeFile

DEFAULT_PROJECT = "uncategorized"

_begun = 0  # runs of this process that are named after its job


def init(
    given: dict[str, Any],
    config: object,
    include: Sequence[str] | None,
    exclude: Sequence[str] | None,
    settings: Settings | Mapping[str, Any] | None,
    unused: Mapping[str, Any],
) -> Run:
    """Opens a run, or returns the one that is open; see `pannier.init`."""
    for name in ("fork_from", "resume_from"):
        if unused.get(name):
            raise UsageError(
                f"{name} is not in this version; to go on with a run, pass its id= and"
                " resume='must', and log() from the step that you restored"
            )
    resolved = resolve(given, settings)
    _term.silent, _term.quiet = resolved.silent, resolved.quiet
    previous = _previous(resolved)
    if previous is not None:
        if config is not None:
            previous.config.update(from_user(config, include, exclude), allow_val_change=True)
        return previous
    values = from_user(config, include, exclude)
    if resolved.mode == "disabled":
        run = disabled_run(resolved, values)
    else:
        run = _open(resolved, values)
        _term.say(_first_line(run))
    run._start()
    if resolved.reinit != "create_new":
        _current.run = run
    return run


def _previous(settings: Settings) -> Run | None:
    """The run to return instead of opening one, if there is one."""
    active = _lifecycle.active()
    if not active or settings.reinit == "create_new":
        return None
    if settings.reinit == "finish_previous" or (settings.reinit == "default" and in_notebook()):
        for run in reversed(active):
            run.finish()
        return None
    if settings.resume == "must":
        raise Error(
            f"run {active[-1].path} is still active, so no other can be resumed;"
            " call its finish(), or pass reinit='create_new' or 'finish_previous'"
        )
    _term.say(
        f"init() returns run {active[-1].name}, which is active;"
        " pass reinit='create_new' or 'finish_previous' for a new one"
    )
    return active[-1]


def _open(settings: Settings, config: dict[str, Any]) -> Run:
    if settings.project is None:
        settings.project = DEFAULT_PROJECT
    if settings.resume == "must" and settings.run_id is None:
        raise UsageError("resume='must' needs id= (or WANDB_RUN_ID), the id of the run to resume")
    if in_notebook():
        settings.allow_val_change = True
    resume_file = _resume_file(settings)
    session = open_session(settings)
    if resume_file is not None:
        resume_file.save(session.run_id)
    return Run(session, settings, config, resume_file)


def _resume_file(settings: Settings) -> ResumeFile | None:
    """The memory of resume="auto"; an id that it holds becomes the run's.

    In a scheduler's job the job is the memory: its id is the same in each of its
    lives, on whichever machine. The second run that a process begins so is the
    second of every life.
    """
    if settings.resume != "auto":
        return None
    if any(os.environ.get(name) for name in ("PANNIER_JOB", "SLURM_JOB_ID")):
        from . import _native

        # `pannier run --resume` names it for `import wandb`, too.
        if settings.run_id in (None, _native.job_run_id(False)):
            job_id = _native.job_run_id(settings.mode == "shared")
            settings.run_id = _of_this_process(job_id) if job_id else None
            return None
    from ._resume import ResumeFile

    directory = settings.root_dir or working_directory()
    file = ResumeFile(directory, settings.entity, settings.project or DEFAULT_PROJECT)
    found = file.load()
    if found is not None and settings.run_id is None:
        settings.run_id = found
    return file


def _of_this_process(job_id: str) -> str:
    global _begun
    _begun += 1
    return job_id if _begun == 1 else f"{job_id}-{_begun}"


def _first_line(run: Run) -> str:
    verb = f"resumed at step {run.starting_step:,}" if run.resumed else "started"
    place = f"see {run.url}" if run.url else f"recorded in {run._session.home}"
    return f"run {run.name} ({run.id}) {verb} in {run.entity}/{run.project}; {place}"


def in_notebook() -> bool:
    """Whether this is IPython with a kernel, where cells are run again and again."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None
