"""Owns `run.config`: the run's hyperparameters as the program sees them, and
the rule that a value, once set, changes only where that is asked for.

What it holds is plain data (see `_values.plain`); what changes is handed to the
`publish` it was made with. Nested dicts are merged key by key, as the store does.
"""

from __future__ import annotations

import json
import os

from ._values import plain
from .errors import ConfigError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Publish = Callable[[dict[str, Any]], None]


class Config:
    """The run's configuration; `config.lr`, `config["lr"]`, `config.update(…)`."""

    _items: dict[str, Any]
    _publish: Publish
    _free: bool

    def __init__(self, items: dict[str, Any], publish: Publish, free: bool = False) -> None:
        # `free` is init(allow_val_change=True), and notebooks, where cells run twice.
        object.__setattr__(self, "_items", items)
        object.__setattr__(self, "_publish", publish)
        object.__setattr__(self, "_free", free)

    def update(self, d: object, allow_val_change: bool | None = None) -> None:
        """Sets what a dict, a namespace, absl flags or a YAML file say."""
        self._set(from_user(d), self._free if allow_val_change is None else allow_val_change)

    def setdefaults(self, d: object) -> None:
        """Sets those keys that are not set yet."""
        self._set({k: v for k, v in from_user(d).items() if k not in self._items}, True)

    def as_dict(self) -> dict[str, Any]:
        """A copy, as a dict."""
        return dict(self._items)

    def persist(self) -> None:
        """Records everything again, for changes made inside a nested dict."""
        self._publish(plain(self._items))

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or `default`."""
        return self._items.get(key, default)

    def keys(self) -> list[str]:
        """The keys."""
        return list(self._items)

    def values(self) -> list[Any]:
        """The values."""
        return list(self._items.values())

    def items(self) -> list[tuple[str, Any]]:
        """The keys and values."""
        return list(self._items.items())

    def _set(self, new: dict[str, Any], allow: bool) -> None:
        if not allow:
            _refuse_change("", self._items, new)
        if new:
            merge(self._items, new)
            self._publish(new)

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __setitem__(self, key: str, value: object) -> None:
        self._set({_key(key): plain(value)}, self._free)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._items[name]
        except KeyError:
            raise AttributeError(f"the config has no key {name!r}") from None

    def __setattr__(self, name: str, value: object) -> None:
        self[name] = value

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)

    def __copy__(self) -> dict[str, Any]:
        return dict(self._items)

    def __deepcopy__(self, memo: object) -> dict[str, Any]:
        copied: dict[str, Any] = json.loads(json.dumps(self._items))
        return copied


def merge(into: dict[str, Any], new: dict[str, Any]) -> None:
    """Sets keys, going into dicts that both sides have."""
    for key, value in new.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merge(old, value)
        else:
            into[key] = dict(value) if isinstance(value, dict) else value


def _refuse_change(prefix: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    for key, value in new.items():
        if key not in old:
            continue
        if isinstance(old[key], dict) and isinstance(value, dict):
            _refuse_change(f"{prefix}{key}.", old[key], value)
        elif old[key] != value:
            raise ConfigError(
                f"config key {prefix + key!r} is {old[key]!r} and would become {value!r};"
                " if that is meant, use config.update({...}, allow_val_change=True)"
            )


def from_user(
    source: object,
    include: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Plain data of whatever people pass as a config."""
    if include and exclude:
        raise UsageError("give config_include_keys or config_exclude_keys, not both")
    found = {_key(key): value for key, value in _items_of(source).items()}
    if include:
        found = {key: value for key, value in found.items() if key in include}
    if exclude:
        found = {key: value for key, value in found.items() if key not in exclude}
    return {key: plain(value) for key, value in found.items()}


def _items_of(source: Any) -> dict[Any, Any]:
    if source is None:
        return {}
    if isinstance(source, Config):
        return source.as_dict()
    if isinstance(source, dict):
        return source
    if isinstance(source, (str, os.PathLike)):
        return _from_file(os.fspath(source))
    source = getattr(source, "FLAGS", source)  # the module absl.flags
    if type(source).__module__.startswith("absl."):
        return {name: source[name].value for name in dir(source)}
    if hasattr(source, "items") and hasattr(source, "keys"):
        return dict(source.items())
    if hasattr(source, "__dict__"):
        return dict(vars(source))
    fields = getattr(type(source), "__dataclass_fields__", None) or getattr(source, "_fields", None)
    if fields:
        return {name: getattr(source, name) for name in fields}
    raise UsageError(
        "config must be a dict, a namespace, absl flags or the path of a YAML or JSON file,"
        f" not {type(source).__name__}"
    )


def _from_file(path: str) -> dict[Any, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise UsageError(f"cannot read the config file {path}: {error.strerror}") from None
    if path.endswith(".json"):
        found = _parsed(path, json.loads, text)
    else:
        try:
            import yaml  # type: ignore[import-untyped, unused-ignore]
        except ImportError:
            raise UsageError(
                f"the config file {path} needs PyYAML: pip install pyyaml, or pass a dict"
            ) from None
        found = _parsed(path, yaml.safe_load, text)
    # W&B's own config.yaml wraps every value as {"desc": …, "value": …}.
    return {
        key: value["value"] if isinstance(value, dict) and "value" in value else value
        for key, value in found.items()
        if key != "wandb_version"
    }


def _parsed(path: str, parse: Callable[[str], Any], text: str) -> dict[Any, Any]:
    try:
        found = parse(text)
    except Exception as error:  # PyYAML's errors have no base in common with json's
        raise UsageError(f"the config file {path} is damaged: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"the config file {path} must hold keys and values")
    return found


def _key(key: object) -> str:
    return str(key).strip("-")  # as W&B does with keys that are command-line options
