"""Owns which fields registries, collections and versions can be searched and ordered
by, and how the names in such filters are completed. The searching is the server's."""

from __future__ import annotations

from typing import Any

from .._artifacts.names import REGISTRY_PREFIX

REGISTRIES = {
    field: field for field in ("id", "name", "entity_id", "description", "created_at", "updated_at")
}
COLLECTIONS = {
    "artifact_collection_id": "artifact_collection_id",
    "collection_id": "artifact_collection_id",
    "id": "artifact_collection_id",
    **{f: f for f in ("name", "tag", "description", "created_at", "updated_at")},
}
VERSIONS = {
    field: field
    for field in ("id", "version", "tag", "alias", "metadata", "created_at", "updated_at")
}
ORDERS = ("name", "created_at", "updated_at")
VERSION_ORDERS = {
    "created_at": "artifact_created_at",
    "artifact_created_at": "artifact_created_at",
    "artifact_size": "artifact_size",
    "linked_at": "acm_created_at",
    "acm_created_at": "acm_created_at",
}


def of_registries(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """A filter of registries, whose plain names get the prefix that projects have."""
    return None if given is None else _fields(given, REGISTRIES, prefixed=True)


def of_collections(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """A filter of collections."""
    return None if given is None else _fields(given, COLLECTIONS)


def of_versions(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """A filter of versions."""
    return None if given is None else _fields(given, VERSIONS)


def order(given: str | None, fields: tuple[str, ...] | dict[str, str]) -> str | None:
    """An order such as `-created_at`, with the server's name of the field."""
    if given is None:
        return None
    sign = given[0] if given[:1] in ("+", "-") else "+"
    field = given.lstrip("+-")
    if field not in fields:
        raise ValueError(f"Invalid order {given!r}; must be one of: {', '.join(sorted(fields))}")
    return sign + (fields[field] if isinstance(fields, dict) else field)


def _fields(given: Any, known: dict[str, str], prefixed: bool = False) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ValueError(f"a filter is a dict, not {given!r}")
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key in ("$and", "$or", "$nor"):
            found[key] = [_fields(inner, known, prefixed) for inner in value]
            continue
        if key == "$not":
            found[key] = _fields(value, known, prefixed)
            continue
        root, dot, rest = key.partition(".")
        if root not in known:
            names = ", ".join(map(repr, sorted(known)))
            raise ValueError(f"Invalid filter fields: {root!r}; must be one of: {names}")
        name = f"{known[root]}{dot}{rest}"
        if name in found:
            raise ValueError(f"Duplicate fields: {name!r}")
        found[name] = _prefixed(value) if prefixed and name == "name" else value
    return found


def _prefixed(operand: Any) -> Any:
    """What names are compared with; a pattern stays as it is."""
    if isinstance(operand, str):
        return operand if operand.startswith(REGISTRY_PREFIX) else REGISTRY_PREFIX + operand
    if isinstance(operand, dict):
        return {
            key: value if key == "$regex" else _prefixed(value) for key, value in operand.items()
        }
    return [_prefixed(item) for item in operand] if isinstance(operand, (list, tuple)) else operand
