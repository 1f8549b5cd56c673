"""Owns the blocks that a report is made of, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ._family import BLOCK, Block, UnknownBlock
from ._grid import PanelGrid
from ._kinds import FLAG, TEXT, Kind, choice, many, maybe
from ._record import Record, at, record, records
from ._text import CALLOUT, CODE, ITEM, TEXTS, Text
from ._weave import (
    WeaveBlock,
    WeaveBlockArtifact,
    WeaveBlockArtifactVersionedFile,
    WeaveBlockSummaryTable,
)

__all__ = [
    "H1",
    "H2",
    "H3",
    "BlockQuote",
    "CalloutBlock",
    "CheckedList",
    "CheckedListItem",
    "CodeBlock",
    "Gallery",
    "GalleryReport",
    "GalleryURL",
    "HorizontalRule",
    "Image",
    "LatexBlock",
    "MarkdownBlock",
    "OrderedList",
    "OrderedListItem",
    "P",
    "PanelGrid",
    "SoundCloud",
    "Spotify",
    "TableOfContents",
    "Twitter",
    "UnknownBlock",
    "UnorderedList",
    "UnorderedListItem",
    "Video",
    "WeaveBlock",
    "WeaveBlockArtifact",
    "WeaveBlockArtifactVersionedFile",
    "WeaveBlockSummaryTable",
]

_LOGO = "https://raw.githubusercontent.com/wandb/assets/main/wandb-logo-yellow-dots-black-wb.svg"


@dataclass(repr=False)
class TableOfContents(Block):
    """Links to the headings."""

    TYPE = "table-of-contents"


@dataclass(repr=False)
class HorizontalRule(Block):
    """A line across the page."""

    TYPE = "horizontal-rule"


@dataclass(repr=False)
class P(Block):
    """A paragraph."""

    TYPE = "paragraph"

    text: Text = at(TEXTS, "children", "")


@dataclass(repr=False)
class Heading(Block):
    """Base of the headings."""

    LEVEL: ClassVar[int]

    text: Text = at(TEXTS, "children", "")
    #: What is under the heading, where the reader unfolds it.
    collapsed_blocks: list[Block] | None = at(maybe(many(BLOCK, "blocks")), "collapsedChildren")

    def _fresh(self) -> dict[str, Any]:
        return {**super()._fresh(), "level": self.LEVEL}

    def _take(self, came: dict[str, Any]) -> None:
        super()._take(came)
        if came.get("level", 1) != self.LEVEL:
            raise ValueError("a heading of another level")


@dataclass(repr=False)
class H1(Heading):
    """A heading of the first level."""

    TYPE = "heading"
    LEVEL = 1


@dataclass(repr=False)
class H2(Heading):
    """A heading of the second level."""

    TYPE = "heading"
    LEVEL = 2


@dataclass(repr=False)
class H3(Heading):
    """A heading of the third level."""

    TYPE = "heading"
    LEVEL = 3


@dataclass(repr=False)
class MarkdownBlock(Block):
    """Markdown."""

    TYPE = "markdown-block"

    text: str = at(TEXT, "content", "")


@dataclass(repr=False)
class LatexBlock(Block):
    """A formula."""

    TYPE = "latex"
    ALSO = {"block": True}

    text: str = at(TEXT, "content", "")


@dataclass(repr=False)
class CodeBlock(Block):
    """Code."""

    TYPE = "code-block"

    code: Text = at(CODE, "children", "")
    language: str | None = at(
        maybe(choice("javascript", "python", "css", "json", "html", "markdown", "yaml")),
        "language",
        "python",
    )

    def _fresh(self) -> dict[str, Any]:
        made = super()._fresh()
        if self.language is not None:
            for line in made["children"]:
                line["language"] = self.language
        return made


@dataclass(repr=False)
class BlockQuote(Block):
    """A quotation."""

    TYPE = "block-quote"

    text: Text = at(TEXTS, "children", "")


@dataclass(repr=False)
class CalloutBlock(Block):
    """Text in a box."""

    TYPE = "callout-block"

    text: Text = at(CALLOUT, "children", "")


@dataclass(repr=False)
class CheckedListItem(Record):
    """Something to do, or done."""

    text: Text = at(ITEM, "children", "")
    checked: bool = at(FLAG, "checked", False)

    def _fresh(self) -> dict[str, Any]:
        return {"type": "list-item", **super()._fresh()}


@dataclass(repr=False)
class OrderedListItem(Record):
    """An item of an `OrderedList`, which takes its text as well."""

    text: Text = at(ITEM, "children", "")

    def _fresh(self) -> dict[str, Any]:
        return {"type": "list-item", **super()._fresh(), "ordered": True}


@dataclass(repr=False)
class UnorderedListItem(Record):
    """An item of an `UnorderedList`, which takes its text as well."""

    text: Text = at(ITEM, "children", "")

    def _fresh(self) -> dict[str, Any]:
        return {"type": "list-item", **super()._fresh()}


def _texts(item: Any) -> Kind:
    """A kind: a list of texts, each of which becomes an item of this class."""

    def check(value: Any) -> Any:
        return value.text if isinstance(value, item) else TEXTS.check(value)

    of_one = Kind(
        "a text", check, lambda text: item(text)._json(), lambda came: item._of(came).text
    )
    return many(of_one, f"texts: each {TEXTS.allowed}")


@dataclass(repr=False)
class CheckedList(Block):
    """Items with boxes to tick."""

    TYPE = "list"

    items: list[CheckedListItem] = at(
        records(CheckedListItem), "children", lambda: [CheckedListItem()]
    )

    def _take(self, came: dict[str, Any]) -> None:
        _only(came, "checked")
        super()._take(came)


@dataclass(repr=False)
class OrderedList(Block):
    """Items with numbers."""

    TYPE = "list"
    ALSO = {"ordered": True}

    items: list[Any] = at(_texts(OrderedListItem), "children", lambda: [""])

    def _take(self, came: dict[str, Any]) -> None:
        _only(came, "ordered")
        super()._take(came)


@dataclass(repr=False)
class UnorderedList(Block):
    """Items with dots."""

    TYPE = "list"

    items: list[Any] = at(_texts(UnorderedListItem), "children", lambda: [""])


def _only(came: dict[str, Any], key: str) -> None:
    """Raises unless the first item has the key that makes it one of such a list."""
    items = came["children"]
    if not items or items[0].get(key) is None:
        raise ValueError("a list of another sort")


@dataclass(repr=False)
class Image(Block):
    """A picture at an address."""

    TYPE = "image"
    ALSO = {"hasCaption": True}

    url: str = at(TEXT, "url", _LOGO)
    caption: Text = at(TEXTS, "children", "")


@dataclass(repr=False)
class Video(Block):
    """A video at an address."""

    TYPE = "video"

    url: str = at(TEXT, "url", "https://www.youtube.com/watch?v=krWjJcW80_A")


@dataclass(repr=False)
class Spotify(Block):
    """A track."""

    TYPE = "spotify"
    ALSO = {"spotifyType": "track"}

    spotify_id: str = at(TEXT, "spotifyID")


@dataclass(repr=False)
class SoundCloud(Block):
    """A track, as the HTML that its page gives to embed it."""

    TYPE = "soundcloud"

    html: str = at(TEXT, "html")


@dataclass(repr=False)
class Twitter(Block):
    """A post, as the HTML that its page gives to embed it."""

    TYPE = "twitter"

    html: str = at(TEXT, "html")


@dataclass(repr=False)
class GalleryReport(Record):
    """A report in a gallery."""

    report_id: str = at(TEXT, "id")

    def _fresh(self) -> dict[str, Any]:
        return {"type": "report", **super()._fresh()}


@dataclass(repr=False)
class GalleryURL(Record):
    """A page in a gallery."""

    url: str = at(TEXT, "url")
    title: str | None = at(maybe(TEXT), "title")
    description: str | None = at(maybe(TEXT), "description")
    image_url: str | None = at(maybe(TEXT), "imageURL")

    def _fresh(self) -> dict[str, Any]:
        return {"type": "url", **super()._fresh()}


def _link(came: dict[str, Any]) -> GalleryReport | GalleryURL:
    return (GalleryReport if came["type"] == "report" else GalleryURL)._of(came)


_LINK = replace(record(GalleryReport, GalleryURL), decode=_link)


@dataclass(repr=False)
class Gallery(Block):
    """Pictures that lead to reports and pages."""

    TYPE = "gallery"

    items: list[GalleryReport | GalleryURL] = at(
        many(_LINK, "GalleryReport or GalleryURL objects"), "links", list
    )

    def _take(self, came: dict[str, Any]) -> None:
        super()._take(came)
        # An older spelling, of nothing but reports.
        if came.get("ids"):
            self.items = [GalleryReport(id) for id in came["ids"]]
