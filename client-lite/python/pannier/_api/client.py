"""Owns asking a server by GraphQL and moving files, and what its refusals become.

Raises `CommError` with what the server said; a server that is busy is asked
again until the time is up.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from typing import IO, Any

from .._values import dumps, plain
from ..errors import AuthenticationError, CommError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .web import Answer, Door

_BUSY = (429, 502, 503, 504)
_FIRST_PAUSE_S = 0.1
#: A transfer may be silent for longer than a question.
_TRANSFER_S = 120.0


class Client:
    """A server, as the classes of this package see it."""

    def __init__(self, door: Door, timeout_s: float) -> None:
        self._door = door
        self._timeout_s = timeout_s

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The `data` of a document's answer. A document starts with `query NAME` or
        `mutation NAME`."""
        name = document.split(None, 2)[1].partition("(")[0]
        body = {"query": document, "variables": plain(variables), "operationName": name}
        answer = self._patiently(json.dumps(body).encode())
        said = _parsed(answer)
        errors = said.get("errors")
        if errors:
            raise _error(answer, "; ".join(dict.fromkeys(_messages(errors))))
        if answer.status >= 300 or not isinstance(said.get("data"), dict):
            raise _refusal(answer, said)
        data: dict[str, Any] = said["data"]
        return data

    def download(self, url: str, sink: IO[bytes], start: int = 0) -> None:
        """Writes what is behind a link; with `start`, from that byte on, at the end of
        a sink that has the others already."""
        headers = {"Range": f"bytes={start}-"} if start else None
        timeout_s = max(self._timeout_s, _TRANSFER_S)
        answer = self._door.request("GET", url, timeout_s, headers=headers, sink=sink)
        if start and answer.status in (200, 416):
            # All of it came once more, or the part is not a part of this file.
            sink.seek(0)
            sink.truncate()
            self.download(url, sink)
        elif answer.status >= 300:
            raise _refusal(answer, _parsed(answer))

    def upload(self, url: str, path: str, headers: Iterable[str]) -> None:
        """Puts a file behind a link, with `Name:value` headers that came with it."""
        given = dict(header.split(":", 1) for header in headers)
        with open(path, "rb") as file:
            given["Content-Length"] = str(os.fstat(file.fileno()).st_size)
            timeout_s = max(self._timeout_s, _TRANSFER_S)
            answer = self._door.request("PUT", url, timeout_s, body=file, headers=given)
        if answer.status >= 300:
            raise _refusal(answer, _parsed(answer))

    def page(self, *path: str) -> str | None:
        """The address of a page for people, where the server has pages."""
        from urllib.parse import quote

        return self._door.page("/".join(quote(part, safe="") for part in path))

    def _patiently(self, body: bytes) -> Answer:
        deadline = time.monotonic() + self._timeout_s
        headers = {"Content-Type": "application/json"}
        pause_s = _FIRST_PAUSE_S
        while True:
            left_s = deadline - time.monotonic()
            answer = self._door.request("POST", "/graphql", left_s, body, headers)
            wait_s = pause_s if answer.retry_after_s is None else answer.retry_after_s
            if answer.status not in _BUSY or time.monotonic() + wait_s >= deadline:
                return answer
            time.sleep(wait_s)
            pause_s *= 2


def parsed(text: str | None) -> Any:
    """A JSON document that came as a string; `{}` for none."""
    return floats(json.loads(text, strict=False)) if text else {}


def floats(value: Any) -> Any:
    """The value, with NaN and the infinities, which JSON can only spell, as floats."""
    if isinstance(value, str):
        return float(value) if value in ("NaN", "Infinity", "-Infinity") else value
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    return [floats(item) for item in value] if isinstance(value, list) else value


def json_text(value: Any) -> str:
    """A JSON document as the string that W&B's API wants."""
    return dumps(plain(value))


def md5_of(path: str) -> bytes:
    """A file's MD5, which is what W&B's API knows files by; it guards against
    accidents only."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.digest()


def _parsed(answer: Answer) -> dict[str, Any]:
    try:
        said = json.loads(answer.body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _messages(errors: list[Any]) -> list[str]:
    return [str(error.get("message", error)) for error in errors]


def _refusal(answer: Answer, said: dict[str, Any]) -> CommError:
    words = [str(said[key]) for key in ("error", "hint") if said.get(key)]
    words = words or [answer.body[:200].decode("utf-8", "replace").strip()]
    return _error(answer, f"the server answers {answer.status}: {'; '.join(words)}".rstrip(": "))


def _error(answer: Answer, text: str) -> CommError:
    return AuthenticationError(text) if answer.status in (401, 403) else CommError(text)
