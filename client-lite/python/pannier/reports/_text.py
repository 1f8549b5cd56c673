"""Owns running text: strings with links, code and formulas among them, and the nodes
that they are in JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

from ._kinds import DICT, TEXT, Kind, Refused, many
from ._record import Record, at


@dataclass(repr=False)
class TextWithInlineComments(Record):
    """Text that people commented on; the comments are kept as they came."""

    text: str = at(TEXT)
    _inline_comments: list[dict[str, Any]] | None = at(many(DICT, "comments"), default=lambda: None)


@dataclass(repr=False)
class Link(Record):
    """A link to a page."""

    text: str | TextWithInlineComments = at(
        Kind("a string or TextWithInlineComments", lambda value: _plain(value))
    )
    url: str = at(TEXT)


@dataclass(repr=False)
class InlineLatex(Record):
    """A formula within text."""

    text: str = at(TEXT)


@dataclass(repr=False)
class InlineCode(Record):
    """Code within text."""

    text: str = at(TEXT)


Piece = Union[str, TextWithInlineComments, Link, InlineLatex, InlineCode]
Text = Union[Piece, list[Piece]]

_PIECES = (str, TextWithInlineComments, Link, InlineLatex, InlineCode)


def _plain(value: Any) -> Any:
    if not isinstance(value, (str, TextWithInlineComments)):
        raise Refused(value)
    return value


def _check(value: Any) -> Any:
    for piece in value if isinstance(value, (list, tuple)) else [value]:
        if not isinstance(piece, _PIECES):
            raise Refused(piece)
    return list(value) if isinstance(value, tuple) else value


def _nodes(text: Any) -> list[dict[str, Any]]:
    """The nodes of a text."""
    pieces = _check(text)
    if not isinstance(pieces, list):
        pieces = [pieces]
    return [_node(piece) for piece in pieces or [""]]


def _node(piece: Any) -> dict[str, Any]:
    if isinstance(piece, Link):
        return {"type": "link", "url": piece.url, "children": [_node(piece.text)]}
    if isinstance(piece, InlineLatex):
        return {"type": "latex", "children": [{"text": ""}], "content": piece.text}
    if isinstance(piece, InlineCode):
        return {"text": piece.text, "inlineCode": True}
    if isinstance(piece, TextWithInlineComments):
        comments = piece._inline_comments
        return {"text": piece.text, **({"inlineComments": comments} if comments else {})}
    return {"text": piece}


def _pieces(nodes: list[dict[str, Any]]) -> list[Any]:
    found: list[Any] = []
    for node in nodes:
        kind = node.get("type")
        if kind == "paragraph":
            found += _pieces(node["children"])
        elif kind == "link":
            (inner,) = _pieces(node["children"][:1]) or [""]
            found.append(Link(inner, node["url"]))
        elif kind == "latex":
            found.append(InlineLatex(node["content"]))
        elif node.get("inlineCode"):
            found.append(InlineCode(node["text"]))
        elif node.get("inlineComments"):
            found.append(TextWithInlineComments(node["text"], node["inlineComments"]))
        else:
            found.append(node["text"])
    return found


def _text(nodes: list[dict[str, Any]]) -> Any:
    """The text of nodes. An editor puts an empty one before and after what is no
    string: those are not the writer's."""
    pieces = _pieces(nodes)
    if len(pieces) >= 3 and pieces[0] == "" and pieces[-1] == "":
        pieces = pieces[1:-1]
        return pieces[0] if len(pieces) == 1 else pieces
    if all(piece == "" for piece in pieces):
        return ""
    return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], str) else pieces


TEXTS = Kind("a string, Link, InlineLatex, InlineCode, or a list of these", _check, _nodes, _text)


def _item_nodes(text: Any) -> list[dict[str, Any]]:
    return [{"type": "paragraph", "children": _nodes(text)}]


#: The text of an item of a list, which is a paragraph.
ITEM = Kind(TEXTS.allowed, _check, _item_nodes, _text)


def _lines(nodes: list[dict[str, Any]]) -> Any:
    if len(nodes) == 1:
        return _text(nodes[0]["children"])
    pieces: list[Any] = []
    for number, line in enumerate(nodes):
        pieces += ["\n"] * bool(number) + _pieces(line["children"])
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    return pieces


def _in_lines(node: str) -> Kind:
    def encode(text: Any) -> list[dict[str, Any]]:
        return [{"type": node, "children": _nodes(text)}]

    return Kind(TEXTS.allowed, _check, encode, _lines)


#: The lines of a callout, which are written as one.
CALLOUT = _in_lines("callout-line")
#: The lines of code, likewise; their block adds its language to them.
CODE = _in_lines("code-line")
