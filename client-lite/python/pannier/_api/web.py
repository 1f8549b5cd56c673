"""Owns requests over HTTP and HTTPS. Knows no route and no GraphQL.

The key is shown to the server it was given for, and to nobody else: not to the
storage that a link leads to, and not to where a redirect leads.
"""

from __future__ import annotations

import base64
import http.client
import shutil
import urllib.error
import urllib.request
from typing import IO, Any, NamedTuple, Protocol, Union
from urllib.parse import urljoin, urlsplit

from ..errors import CommError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Body = Union[bytes, IO[bytes], None]

_COPY_BYTES = 1 << 20
_HERE = ("127.0.0.1", "::1", "localhost")


class Answer(NamedTuple):
    """What a server said."""

    status: int
    body: bytes
    #: Seconds that it asks to wait before the next try; None where it does not say.
    retry_after_s: float | None = None


class Door(Protocol):
    """A way to one server."""

    def request(
        self,
        method: str,
        url: str,
        timeout_s: float,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        sink: IO[bytes] | None = None,
    ) -> Answer:
        """Asks; a `url` without a host is this server's own.

        A body that is a file needs its `Content-Length` among the headers. With
        `sink`, what a good answer carries is written there instead of returned.
        Raises `CommError` where no answer comes; a refusal is an answer.
        """

    def page(self, path: str) -> str | None:
        """The address of a page for people, where this server has pages."""


class Web:
    """A server at an address, with the key that it knows us by."""

    def __init__(self, base_url: str, key: str | None) -> None:
        self._base = base_url.rstrip("/")
        self._key = key

    def request(
        self,
        method: str,
        url: str,
        timeout_s: float,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        sink: IO[bytes] | None = None,
    ) -> Answer:
        """See `Door.request`."""
        target = f"{self._base}{url}" if url.startswith("/") else urljoin(self._base, url)
        request = urllib.request.Request(target, data=body, method=method)
        given = {"User-Agent": "pannier", **(headers or {})}
        if body is not None:
            # urllib would call it a form.
            given = {"Content-Type": "application/octet-stream", **given}
        for name, value in given.items():
            request.add_header(name, value)
        if self._key and _origin(target) == _origin(self._base):
            word = base64.b64encode(f"api:{self._key}".encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {word}")
        return _exchange(request, timeout_s, sink)

    def page(self, path: str) -> str | None:
        """See `Door.page`."""
        return f"{self._base}/{path}"


def _exchange(request: urllib.request.Request, timeout_s: float, sink: IO[bytes] | None) -> Answer:
    split = urlsplit(request.full_url)
    # A cluster's proxy cannot reach this machine's own ports.
    direct = [urllib.request.ProxyHandler({})] if split.hostname in _HERE else []
    opener = urllib.request.build_opener(*direct)
    try:
        with opener.open(request, timeout=max(timeout_s, 0.001)) as response:
            body = b"" if sink is not None else response.read()
            if sink is not None:
                _copy(response, sink)
            return Answer(response.status, body)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.read(), _retry_after(refusal.headers))
    except urllib.error.URLError as error:
        raise CommError(f"no answer from {split.scheme}://{split.netloc}: {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise CommError(f"{split.scheme}://{split.netloc} broke off: {reason}") from None


def _copy(response: Any, sink: IO[bytes]) -> None:
    """Copies all of it; `read(n)` of an answer that was cut short says nothing of that."""
    start = sink.tell()
    shutil.copyfileobj(response, sink, _COPY_BYTES)
    length = response.headers.get("Content-Length")
    got = sink.tell() - start
    if length is not None and got != int(length):
        raise http.client.HTTPException(f"{got} of {length} bytes came")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    split = urlsplit(url)
    return split.scheme, split.hostname, split.port or {"http": 80, "https": 443}.get(split.scheme)


def _retry_after(headers: Any) -> float | None:
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:  # missing, or a date
        return None
