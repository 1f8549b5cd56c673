"""Owns the facts about the program that only its own process knows.

Cheap ones only, under a millisecond: the daemon looks up the rest (git, packages,
the machine) from what is said here. Arguments that look like secrets are not said.
"""

from __future__ import annotations

import os
import re
import sys

from ._settings import working_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SLURM = (
    "SLURM_JOB_ID",
    "SLURM_JOB_NAME",
    "SLURM_JOB_PARTITION",
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_RESTART_COUNT",
    "SLURM_NNODES",
    "SLURM_NODEID",
    "SLURM_NTASKS",
    "SLURM_PROCID",
    "SLURM_LOCALID",
)
_RANKS = (
    "RANK",
    "LOCAL_RANK",
    "GROUP_RANK",
    "WORLD_SIZE",
    "TORCHELASTIC_RESTART_COUNT",
    "MASTER_ADDR",
)

# The name of an option or variable whose value is a secret. It is matched at
# the end, for --tokenizer and --max-tokens are none.
_SECRET_NAME = re.compile(
    r"(?i)(api[-_]?key|access[-_]?key|secret[-_]?key|private[-_]?key|auth[-_]?key"
    r"|token|password|passwd|passphrase|secret|credentials?|bearer)$"
)
# Values that are secrets whatever they are called: W&B's keys, old and new,
# and those of other well-known services.
_SECRET_VALUE = re.compile(
    r"(?<![0-9A-Za-z])([0-9a-f]{40}|wandb_v\d_\w{20,}|hf_\w{20,}|sk-[\w-]{20,}|gh[pousr]_\w{20,}"
    r"|glpat-[\w-]{15,}|AKIA[0-9A-Z]{16}|xox[abp]-[\w-]{10,})(?![0-9A-Za-z])"
)
_URL_USER = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def gather(git: bool, start_time: float) -> dict[str, Any]:
    """The `set` of a metadata change."""
    env = os.environ
    facts: dict[str, Any] = {
        "program": {
            "cwd": working_directory(),
            "argv": redact(sys.argv),
            "path": _program(),
            "executable": sys.executable,
            "python": ".".join(map(str, sys.version_info[:3])),
            "implementation": sys.implementation.name,
            "sys_path": [entry for entry in sys.path if isinstance(entry, str) and entry],
            "pid": os.getpid(),
            "start_time": start_time,
            "git": git,
        }
    }
    slurm = _present(_SLURM, env)
    ranks = _present(_RANKS, env)
    if slurm:
        facts["slurm"] = slurm
    if ranks:
        facts["ranks"] = ranks
    return facts


def redact(argv: list[str]) -> list[str]:
    """The arguments, with `***` in the place of what looks like a secret."""
    said = []
    hide_next = False
    for argument in argv:
        name, equals, value = argument.partition("=")
        if hide_next and not argument.startswith("-"):
            said.append("***")
            hide_next = False
            continue
        hide_next = False
        if equals and value and _SECRET_NAME.search(name):
            said.append(f"{name}=***")
            continue
        if not equals and argument.startswith("-"):
            hide_next = _SECRET_NAME.search(argument) is not None
        said.append(_URL_USER.sub("***", _SECRET_VALUE.sub("***", argument)))
    return said


def _present(names: tuple[str, ...], env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[name] for name in names if env.get(name)}


def _program() -> str | None:
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.join(working_directory(), path) if path else None
