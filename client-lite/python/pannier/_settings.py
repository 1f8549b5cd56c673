"""Owns what `init` was told: arguments, `Settings`, environment, in that order.

Names are W&B's. A setting without a meaning here is kept and ignored, so that
code written for W&B runs; a known one with a value that cannot be meant raises
`UsageError`. Nothing here looks at files or talks to the daemon.
"""

from __future__ import annotations

import os

from .errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

MODES = ("online", "offline", "disabled", "shared")
RESUMES = ("allow", "must", "never", "auto")
REINITS = ("default", "return_previous", "finish_previous", "create_new")
CONSOLES = ("auto", "wrap", "off", "redirect", "wrap_raw", "wrap_emu")
DAEMONS = ("start", "use", "none")


class Settings:
    """What a run can be told besides its data; every field may be left out.

    Unknown fields are accepted: W&B's `Settings` has some 150, most of which
    tune machinery that does not exist here.
    """

    entity: str | None = None
    project: str | None = None
    run_id: str | None = None
    run_name: str | None = None
    run_group: str | None = None
    run_job_type: str | None = None
    run_tags: tuple[str, ...] | None = None
    run_notes: str | None = None
    #: `online` and `offline` record alike; `disabled` records nothing.
    mode: str = "online"
    #: `allow`, `must`, `never`, `auto`, or None to begin anew.
    resume: str | None = None
    reinit: str = "default"
    #: `wrap` records what the program prints, `off` does not.
    console: str = "wrap"
    silent: bool = False
    quiet: bool = False
    disable_git: bool = False
    #: Leaves out every fact about program and machine.
    x_disable_meta: bool = False
    allow_val_change: bool = False
    #: Where `.pannier/` (resume="auto", `run.dir`) goes; the working directory.
    root_dir: str | None = None
    #: Name of the remote that this run is meant for.
    remote: str | None = None
    #: `start` a daemon where none runs, only `use` one, or `none`.
    daemon: str = "start"
    #: Seconds for which `finish` waits for the daemon to have stored everything.
    finish_timeout: float = 2.0

    def __init__(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        parse = _PARSERS.get(name)
        if value is None:  # None is "not given", as in W&B
            self.__dict__.pop(name, None)
        else:
            object.__setattr__(self, name, parse(name, value) if parse else value)

    def __getattr__(self, name: str) -> Any:
        # Only reached for what is neither given nor known: W&B's other fields.
        if name.startswith("__"):
            raise AttributeError(name)
        return None

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"Settings({given})"


def resolve(
    given: Mapping[str, Any],
    settings: Settings | Mapping[str, Any] | None,
    env: Mapping[str, str] | None = None,
) -> Settings:
    """One `Settings` of what `init` was given, over `settings`, over `env`."""
    if settings is None:
        middle: Mapping[str, Any] = {}
    elif isinstance(settings, Settings):
        middle = vars(settings)
    elif hasattr(settings, "keys"):
        middle = settings
    else:
        kind = type(settings).__name__
        raise UsageError(f"settings must be a pannier.Settings or a dict, not {kind}")
    merged = from_env(os.environ if env is None else env)
    for layer in (middle, given):
        for name, value in layer.items():
            if value is not None:
                setattr(merged, name, value)
    return merged


def from_env(env: Mapping[str, str]) -> Settings:
    """What `PANNIER_X` or, where that is missing, `WANDB_X` say."""
    found = Settings()
    for suffix, field in _ENV.items():
        variable = next((v for v in (f"PANNIER_{suffix}", f"WANDB_{suffix}") if env.get(v)), None)
        if variable is None:
            continue
        try:
            setattr(found, field, env[variable])
        except UsageError as error:
            raise UsageError(f"in the environment variable {variable}: {error}") from None
    if found.__dict__.pop("disabled", False):
        found.__dict__.setdefault("mode", "disabled")
    return found


def _text(name: str, value: object) -> str:
    if isinstance(value, (dict, list, tuple, set)):
        raise UsageError(f"{name} must be a string, not {type(value).__name__}")
    return str(value)


def _bool(name: str, value: object) -> bool:
    if isinstance(value, str):
        word = value.strip().lower()
        if word in ("1", "true", "t", "yes", "y", "on"):
            return True
        if word in ("0", "false", "f", "no", "n", "off", ""):
            return False
        raise UsageError(f"{name} must be true or false, not {value!r}")
    return bool(value)


def _seconds(name: str, value: object) -> float:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0.0 <= seconds < float("inf"):
        raise UsageError(f"{name} must be a number of seconds, not {value!r}")
    # W&B's default of 0 means "as long as it takes", which here is never needed.
    return seconds or Settings.finish_timeout


def tags(name: str, value: Any) -> tuple[str, ...]:
    """A tuple of labels; one string (from the environment) is split at commas."""
    if isinstance(value, str):
        value = [tag.strip() for tag in value.split(",")]
    if not hasattr(value, "__iter__") or not all(isinstance(tag, str) for tag in value):
        raise UsageError(f"{name} must be a list of strings, not {value!r}")
    return tuple(dict.fromkeys(tag for tag in value if tag))


def _one_of(*words: str) -> Callable[[str, object], str]:
    def parse(name: str, value: object) -> str:
        word = value.strip().lower() if isinstance(value, str) else value
        if isinstance(word, str) and word in words:
            return word
        raise UsageError(f"{name} must be one of {', '.join(words)}; not {value!r}")

    return parse


def _mode(name: str, value: object) -> str:
    word = value.strip().lower() if isinstance(value, str) else value
    return _one_of(*MODES)(name, {"dryrun": "offline", "run": "online"}.get(str(word), word))


def _resume(name: str, value: object) -> str | None:
    word = value.strip().lower() if isinstance(value, str) else value
    if word in (True, "true", "1"):
        return "auto"
    if word in (False, "false", "0", "no", "none", ""):
        return None
    return _one_of(*RESUMES)(name, word)


def _reinit(name: str, value: object) -> str:
    word = value.strip().lower() if isinstance(value, str) else value
    if word in (True, "true", "1"):
        return "finish_previous"
    if word in (False, "false", "0"):
        return "return_previous"
    return _one_of(*REINITS)(name, word)


def _path(_name: str, value: str | os.PathLike[str]) -> str:
    return os.path.join(working_directory(), os.fspath(value))


def working_directory() -> str:
    """Its path; `.` where it was removed and has none any more."""
    try:
        return os.getcwd()
    except OSError:
        return os.curdir


_PARSERS: dict[str, Callable[[str, Any], Any]] = {
    "entity": _text,
    "project": _text,
    "run_id": _text,
    "run_name": _text,
    "run_group": _text,
    "run_job_type": _text,
    "run_tags": tags,
    "run_notes": _text,
    "mode": _mode,
    "resume": _resume,
    "reinit": _reinit,
    "console": _one_of(*CONSOLES),
    "silent": _bool,
    "quiet": _bool,
    "disable_git": _bool,
    "x_disable_meta": _bool,
    "allow_val_change": _bool,
    "root_dir": _path,
    "remote": _text,
    "daemon": _one_of(*DAEMONS),
    "disabled": _bool,
    "finish_timeout": _seconds,
}

# The variable without its prefix, by field; W&B names some of them shorter.
_SHORTER = {
    "run_name": "NAME",
    "run_notes": "NOTES",
    "run_tags": "TAGS",
    "run_job_type": "JOB_TYPE",
    "root_dir": "DIR",
}
_ENV = {_SHORTER.get(field, field.upper()): field for field in _PARSERS}
