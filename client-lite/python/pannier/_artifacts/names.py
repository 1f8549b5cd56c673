"""Owns the rules for names, types, aliases, tags, metadata and paths of artifacts,
and how a name such as `entity/project/collection:alias` is read.

The rules are W&B's; what breaks one raises `ValueError`.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any, NamedTuple

from .._values import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

REGISTRY_PREFIX = "wandb-registry-"
NAME_MAX = 128
METADATA_KEYS_MAX = 100
#: What Linux takes.
PATH_BYTES_MAX = 4096
COMPONENT_BYTES_MAX = 255

_NAME = re.compile(r"[a-zA-Z0-9_\-.]+\Z")
_TAG = re.compile(r"[-\w]+( +[-\w]+)*\Z")
_DRIVE = re.compile(r"[A-Za-z]:")
_VERSION = re.compile(r"v\d+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
#: Types that W&B makes itself, and how the names of such artifacts begin.
_RESERVED = {"job": "", "run_table": "run-", "code": "source-"}


def check_name(name: str) -> str:
    """The name of an artifact to be made."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise ValueError(
            "Artifact name may only contain alphanumeric characters, dashes, underscores,"
            f" and dots. Invalid name: {name!r}"
        )
    return check_collection(name)


def check_collection(name: str) -> str:
    """The name of a collection, which older programs made with other characters."""
    if not name:
        raise ValueError("a collection's name cannot be empty")
    if len(name) > NAME_MAX:
        raise ValueError(
            f"Artifact name is longer than {NAME_MAX} characters: '{name[:NAME_MAX]} ...'"
        )
    if "/" in name:
        raise ValueError(
            f"Artifact names must not contain any of the following characters: '/'.  Got: {name!r}"
        )
    return name


def check_type(kind: str, name: str) -> str:
    """A type that is not W&B's own."""
    prefix = _RESERVED.get(kind)
    if kind.startswith("wandb-") or (prefix is not None and name.startswith(prefix)):
        raise ValueError(
            f"Artifact type {kind!r} is reserved for internal use. Please use a different type."
        )
    return kind


def check_types(kinds: Iterable[str] | str) -> list[str]:
    """The types that a registry is to take."""
    listed = _listed(kinds)
    if any("/" in kind or ":" in kind for kind in listed):
        raise ValueError(
            "Artifact types must not contain any of the following characters: '/', ':'"
        )
    if any(len(kind) > NAME_MAX for kind in listed):
        raise ValueError(f"Artifact types must be less than or equal to {NAME_MAX} characters")
    return listed


def check_project(name: str) -> str:
    """The name of a project, or a registry's with its prefix."""
    short = name[len(REGISTRY_PREFIX) :] if name.startswith(REGISTRY_PREFIX) else name
    what = "project" if short == name else "registry"
    if not short:
        raise ValueError(f"{what.title()} name cannot be empty")
    if len(name) > NAME_MAX:
        most = NAME_MAX - (len(name) - len(short))
        raise ValueError(f"Invalid {what} name {short!r}, must be {most} characters or less")
    bad = sorted(set("/\\#?%:\r\n").intersection(name))
    if bad:
        raise ValueError(
            f"Invalid project/registry name {short!r}, cannot contain characters:"
            f" {', '.join(map(repr, bad))}"
        )
    return name


def check_aliases(aliases: Iterable[str] | str) -> list[str]:
    """Aliases, as a list."""
    listed = _listed(aliases)
    if any("/" in alias or ":" in alias for alias in listed):
        raise ValueError("Aliases must not contain any of the following characters: '/', ':'")
    return listed


def check_tags(tags: Iterable[str] | str) -> list[str]:
    """Tags, as a list without repetitions."""
    listed = list(dict.fromkeys(_listed(tags)))
    if any(not _TAG.match(tag) for tag in listed):
        raise ValueError(
            "Invalid tag(s).  Tags must only contain alphanumeric characters separated by"
            " hyphens, underscores, and/or spaces."
        )
    return listed


def check_metadata(metadata: Any) -> dict[str, Any]:
    """Metadata as plain JSON values; NaN becomes None, an infinity is refused."""
    if metadata is None or metadata == "":
        return {}
    if isinstance(metadata, str):
        metadata = json.loads(metadata)
    if not isinstance(metadata, dict):
        raise TypeError(f"Cannot parse {type(metadata)} as artifact metadata")
    found: dict[str, Any] = plain(_finite(metadata))
    if len(found) > METADATA_KEYS_MAX:
        raise ValueError(f"Artifact must not have more than {METADATA_KEYS_MAX} metadata keys.")
    return found


def check_path(path: str | os.PathLike[str]) -> str:
    """A path in an artifact, normalised, that leads nowhere but further in.

    Everything that comes from a manifest passes here before it touches a disk.
    """
    given = os.fsdecode(path)
    parts = [part for part in given.split("/") if part not in ("", ".")]
    text = "/".join(parts)
    if (
        not parts
        or given.startswith("/")
        or _DRIVE.match(text)
        or ".." in parts
        or _CONTROL.search(text)
        or not _is_unicode(text)
        or len(os.fsencode(text)) > PATH_BYTES_MAX
        or any(len(os.fsencode(part)) > COMPONENT_BYTES_MAX for part in parts)
    ):
        raise ValueError(f"Invalid artifact path: {given[:256]!r}")
    return text


def is_version(alias: str) -> bool:
    """Whether this is `v3`, and no name that a person gave."""
    return _VERSION.match(alias) is not None


def is_registry(project: str | None) -> bool:
    """Whether a project is a registry."""
    return bool(project) and str(project).startswith(REGISTRY_PREFIX) and project != REGISTRY_PREFIX


class Path(NamedTuple):
    """A version or collection by name: `prefix` is an entity or an organization."""

    prefix: str | None
    project: str | None
    #: `collection`, or `collection:alias`.
    name: str

    @classmethod
    def read(cls, text: str) -> Path:
        """`[[prefix/]project/]collection[:alias]`; an alias may hold slashes."""
        if not isinstance(text, str):
            raise TypeError(f"an artifact's name must be a string, not {type(text).__name__}")
        place, colon, alias = text.partition(":")
        parts = place.split("/")
        if len(parts) > 3 or not parts[-1]:
            raise ValueError(f"Invalid artifact path: {text!r}")
        parts = [""] * (3 - len(parts)) + parts
        return cls(parts[0] or None, parts[1] or None, f"{parts[2]}{colon}{alias}")

    def or_else(self, prefix: str | None = None, project: str | None = None) -> Path:
        """The same, with what it leaves out."""
        return Path(self.prefix or prefix, self.project or project, self.name)

    @property
    def collection(self) -> str:
        """The name without version or alias."""
        return self.name.partition(":")[0]

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


def _is_unicode(text: str) -> bool:
    """Whether a manifest can spell it; file names on disk may be any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _listed(given: Iterable[str] | str) -> list[str]:
    listed = [given] if isinstance(given, str) else list(given)
    if not all(isinstance(item, str) for item in listed):
        raise TypeError(f"strings are needed, not {listed!r}")
    return listed


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        if value in (float("inf"), float("-inf")):
            raise ValueError("Out of range float values are not JSON compliant")
        return None if value != value else value
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
