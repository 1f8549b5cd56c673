"""Owns requests to this machine's daemon, started where it does not run.

Questions go over the socket. Files go over the daemon's port on 127.0.0.1, so
that they need not fit into memory; where it has none, they take the socket too.
"""

from __future__ import annotations

import json
import os
import time
from typing import IO, Any
from urllib.parse import urlsplit

from .. import _native, _settings
from .._session import find_binary
from ..errors import CommError
from .web import Answer, Web

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .web import Body

#: What a daemon that was asked over its socket calls itself in links.
_NO_HOST = ("", "localhost", "pannier")
#: A daemon that was asked so recently has not idled away since.
_FRESH_S = 1.0


class Daemon:
    """The daemon that the environment names."""

    def __init__(self) -> None:
        self._start = _settings.from_env(os.environ).daemon == "start"
        self._port: Web | None = None
        self._origin = ""
        self._looked = 0.0

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
        is_file = sink is not None or not (body is None or isinstance(body, bytes))
        if is_file and time.monotonic() - self._looked > _FRESH_S:
            self._look(timeout_s)
        path = self._own(url)
        if path is None:
            return Web("", None).request(method, url, timeout_s, body, headers, sink)
        if is_file and self._port is not None:
            return self._port.request(method, path, timeout_s, body, headers, sink)
        return self._ask(method, path, timeout_s, body, sink)

    def page(self, path: str) -> str | None:
        """See `Door.page`."""
        if not self._origin:
            self._look(5.0)
        return f"{self._origin}/{path}" if self._origin else None

    def _own(self, url: str) -> str | None:
        """The path of a link to this daemon; None for links elsewhere."""
        split = urlsplit(url)
        origin = f"{split.scheme}://{split.netloc}"
        if split.netloc not in _NO_HOST and origin != self._origin:
            return None
        return f"{split.path}?{split.query}" if split.query else split.path

    def _look(self, timeout_s: float) -> None:
        """Learns where the port is. A daemon keeps its own over its lives, but
        one that idled away is started by the asking."""
        found: dict[str, Any] = json.loads(self._ask("GET", "/v1/http", timeout_s).body or b"{}")
        self._origin = (found.get("url") or "").rstrip("/")
        self._port = Web(self._origin, found.get("token")) if self._origin else None
        self._looked = time.monotonic()

    def _ask(
        self,
        method: str,
        path: str,
        timeout_s: float,
        body: Body = None,
        sink: IO[bytes] | None = None,
    ) -> Answer:
        data = b"" if body is None else body if isinstance(body, bytes) else body.read()
        try:
            status, answer = _native.request(
                method, path, data, timeout_s, self._start, find_binary()
            )
        except OSError as error:
            raise CommError(str(error)) from None
        if sink is not None and status < 300:
            sink.write(answer)
            answer = b""
        return Answer(status, answer)
