"""Owns filters as text: `Config('lr') >= 0.1 and Metric('State') in ['finished']`.

It is Python's syntax, with `=` for `==` and one operator more: `within_last 5 days`.
"""

from __future__ import annotations

import ast
import io
import operator
import tokenize
from typing import Any

from ._filters import Tree, leaf, loosened, seconds, stored_tree
from ._kinds import FieldError
from .metrics import spoken, stored

_SECTIONS = {
    "Config": "config",
    "KeysInfo": "keys_info",
    "Metric": "run",
    "Summary": "summary",
    "SummaryMetric": "summary",
    "Tags": "tags",
}
_CLASSES = {section: name for name, section in _SECTIONS.items()}
#: How a name without a class begins in its section; the others are facts about a run.
_PREFIXES = {
    "config.": "config",
    "summary_metrics.": "summary",
    "keys_info.keys.": "keys_info",
    "tags.": "tags",
}
_OPS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "IN",
    ast.NotIn: "NIN",
}
_WORDS = {"=": "==", "IN": "in", "NIN": "not in"}
_ARITHMETIC: dict[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"))


def to_stored(text: str) -> dict[str, Any]:
    """The stored form of filters written as text."""
    return stored_tree(_parse(text))


def from_stored(filters: dict[str, Any]) -> str:
    """Stored filters, as text; those of the older form are a tree."""
    if filters.get("filterFormat") != "filterV2":
        filters = stored_tree(filters)
    return _write(filters.get("filters") or [])


def _parse(text: str) -> Tree:
    """The tree of filters written as text."""
    if not text.strip():
        return {"op": "AND", "filters": []}
    try:
        return _tree(ast.parse(_as_python(text), mode="eval").body)
    except (SyntaxError, tokenize.TokenError, TypeError, ArithmeticError):
        raise FieldError(_advice(text)) from None


def _advice(text: str) -> str:
    return (
        f"filters cannot be read: {text!r}; write them like"
        " \"Config('lr') >= 0.1 and Metric('State') == 'finished'\""
    )


def _as_python(text: str) -> str:
    """The text with `==` for `=`, and a multiplication of matrices, which binds closer
    than any comparison and means nothing here, for `within_last`."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text.strip()).readline))
    words = [token.string for token in tokens if token.string.strip()]
    made: list[str] = []
    while words:
        word = words.pop(0)
        if word.lower() == "within_last":
            amount, unit = words.pop(0) if words else "", words.pop(0) if words else ""
            made += ["@", "(", amount, ",", repr(unit.strip("'\"")), ")"]
        else:
            made.append("==" if word == "=" else word)
    return " ".join(made).strip()


def _tree(node: ast.expr) -> Tree:
    if isinstance(node, ast.BoolOp):
        op = "AND" if isinstance(node.op, ast.And) else "OR"
        return {"op": op, "filters": [_tree(one) for one in node.values]}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        lasting = _value(node.right)
        if isinstance(lasting, list):
            return leaf(*_key(node.left), "WITHINSECONDS", seconds(*lasting))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        op = _OPS.get(type(node.ops[0]), "")
        if op:
            op = loosened(op) if op in ("<", ">") else op
            return leaf(*_key(node.left), op, _value(node.comparators[0]))
    raise FieldError(_advice(ast.unparse(node)))


def _key(node: ast.expr) -> tuple[str, str]:
    """Section and name of what a condition is about."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        section = _SECTIONS.get(node.func.id)
        names = [_value(one) for one in node.args]
        if section and len(names) == 1 and isinstance(names[0], str):
            return section, stored(names[0]) if section == "run" else names[0]
        if section == "tags" and not names:
            return "run", "tags"
    elif isinstance(node, (ast.Name, ast.Attribute)):
        path = ast.unparse(node)
        for prefix, section in _PREFIXES.items():
            if path.startswith(prefix):
                return section, path[len(prefix) :]
        return "run", stored(path)
    known = ", ".join(f"{name}('…')" for name in sorted(_SECTIONS))
    raise FieldError(f"filters are about {known}, not about {ast.unparse(node)}")


def _value(node: ast.expr) -> Any:
    """What it is compared with; a name is a string without its quotes."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [_value(one) for one in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return _ARITHMETIC[type(node.op)](_value(node.left), _value(node.right))
    raise FieldError(f"filters compare with plain values, not with {ast.unparse(node)}")


def _write(items: list[dict[str, Any]]) -> str:
    """Stored conditions as text."""
    made: list[str] = []
    for item in items:
        if isinstance(item.get("filters"), list):
            inner = _write(item["filters"])
            text = f"({inner})" if inner else ""
        else:
            text = _condition(item)
        if text:
            joint = [item["connector"].lower()] if item.get("connector") and made else []
            made += [*joint, text]
    return " ".join(made)


def _condition(item: dict[str, Any]) -> str:
    key = item.get("key") or {}
    if not key.get("name"):
        return ""
    section = key.get("section", "run")
    name = spoken(key["name"]) if section == "run" else key["name"]
    about = f'{_CLASSES[section]}("{name}")' if section in _CLASSES else name
    op, value = item.get("op", "="), item.get("value")
    if op == "WITHINSECONDS":
        return f"{about} within_last {_lasting(int(value or 0))}"
    return f"{about} {_WORDS.get(op, op)} {value!r}"


def _lasting(seconds: int) -> str:
    for each, unit in _UNITS:
        if seconds % each == 0:
            return f"{seconds // each} {unit}"
    each, unit = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{seconds / each} {unit}"
