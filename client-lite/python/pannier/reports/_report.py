"""Owns `Report`: a page of blocks, saved in a project.

Knows no GraphQL: `_api.reports` brings it to the server and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import unquote, urlsplit

from .. import _term
from .._api import reports as views
from .._api.api import Api
from ..errors import NotFoundError, UsageError
from ._family import BLOCK, Block, random_id
from ._grid import PanelGrid
from ._kinds import TEXT, Kind, choice, many, text_upto
from ._record import Record, at
from ._runset import Runset
from .blocks import P

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._api.client import Client

_TITLE_MAX = 128
_PLAIN = many(BLOCK, "blocks")
_EMPTY = {"type": "paragraph", "children": [{"text": ""}]}


def _framed(blocks: list[Block]) -> Any:
    """The blocks between two empty paragraphs, where an editor puts its cursor."""
    blocks = blocks or [P(), P()]
    first, last = blocks[0] == P(), blocks[-1] == P()
    return _PLAIN.encode([P()] * (not first) + blocks + [P()] * (not last))


def _unframed(came: list[dict[str, Any]]) -> Any:
    came = came[1:] if came[:1] == [_EMPTY] else came
    came = came[:-1] if came[-1:] == [_EMPTY] else came
    return _PLAIN.decode(came)


_BLOCKS = Kind(_PLAIN.allowed, _PLAIN.check, _framed, _unframed)


@dataclass(repr=False)
class Report(Record):
    """A page of text and panels.

    report = Report(project="digits", title="Baseline", blocks=[H1("Loss"), PanelGrid(...)])
    report.save()
    """

    project: str = at(TEXT)
    #: Whose the project is; the server's own where it is left out.
    entity: str = at(TEXT, default="")
    title: str = at(text_upto(_TITLE_MAX), default="Untitled Report")
    description: str = at(TEXT, default="")
    blocks: list[Block] = at(_BLOCKS, "blocks", list)
    width: str = at(choice("readable", "fixed", "fluid"), "width", "readable")
    #: What the server knows it by; empty until it is saved.
    id: str = at(TEXT, default="", init=False)

    def __post_init__(self) -> None:
        if not self.entity:
            self.entity = Api()._entity()

    def _fresh(self) -> dict[str, Any]:
        always: dict[str, Any] = {
            "version": 5,
            "panelSettings": {},
            "authors": [],
            "discussionThreads": [],
        }
        return {**always, **super()._fresh()}

    @property
    def spec(self) -> dict[str, Any]:
        """What is saved: W&B's JSON of the page."""
        return self._json()

    @property
    def url(self) -> str | None:
        """The report's page, where the server has pages."""
        if not self.id:
            raise AttributeError("a report has a url once it is saved: report.save()")
        return views.page(_client(), self.entity, self.project, self.title, self.id)

    @property
    def _name(self) -> str:
        """What the server knows it by beside the id; nobody sees it."""
        return str(self.__dict__.setdefault("_own_name", random_id()))

    def save(self, draft: bool = False, clone: bool = False) -> Report:
        """Saves it: anew where it never was or with `clone`, else over what it was. Its
        project is made where there is none."""
        client = _client()
        self._find_projects(client)
        if clone:
            self.__dict__.pop("_own_name", None)
        self.id = views.save(
            client,
            self.entity,
            self.project,
            id=None if clone or not self.id else self.id,
            name=self._name,
            displayName=self.title,
            description=self.description,
            type="runs/draft" if draft else "runs",
            spec=self._json(),
        )
        _term.say(f"saved report {self.title!r}: {self.url or self.id}")
        return self

    def _find_projects(self, client: Client) -> None:
        """Run sets of other projects name them by the id that the server gave."""
        for runset in _runsets(self.blocks):
            if runset.entity and runset.project:
                found = views.project_id(client, runset.entity, runset.project)
                if found is None:
                    raise NotFoundError(
                        f"run set {runset.name!r} is of project {runset.entity}/{runset.project},"
                        " which the server does not have; log a run to it first"
                    )
                runset._project_id = found

    def delete(self) -> bool:
        """Deletes it, with its drafts. True where it was there."""
        if not self.id:
            raise AttributeError("a report that is not saved cannot be deleted")
        done = views.delete(_client(), self.id)
        if done:
            _term.say(f"deleted report {self.title!r}")
        return done

    @classmethod
    def from_url(cls, url: str) -> Report:
        """Reads a report back, by the address of its page."""
        view = views.load(_client(), _id_in(url))
        report = cls._of(view["spec"])
        report.__dict__.update(
            project=view["project"]["name"],
            entity=view["project"]["entityName"],
            title=view["displayName"],
            description=view["description"] or "",
            id=view["id"],
            _own_name=view["name"],
        )
        return report

    def to_html(self, height: int = 1024, hidden: bool = False) -> str:
        """A frame with the report's page, for notebooks."""
        style = f"border:none;width:100%;height:{height}px;" + "display:none;" * hidden
        return f'<iframe src="{escape(self.url or "")}?jupyter=true" style="{style}"></iframe>'

    def _repr_html_(self) -> str | None:
        return self.to_html() if self.id else None


def _client() -> Client:
    return Api()._client


def _runsets(blocks: list[Block]) -> list[Runset]:
    """All run sets among blocks, those under folded headings too."""
    found: list[Runset] = []
    for block in blocks:
        if isinstance(block, PanelGrid):
            found += block.runsets
        found += _runsets(getattr(block, "collapsed_blocks", None) or [])
    return found


def _id_in(url: str) -> str:
    """The id of the report whose page this is; they end in `TITLE--ID`."""
    page = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    _, dashes, id = page.rpartition("--")
    if not dashes or not id:
        raise UsageError(f"{url!r} is no address of a report: it ends in TITLE--ID")
    return id.rstrip("=") + "=" * (-len(id.rstrip("=")) % 4)
