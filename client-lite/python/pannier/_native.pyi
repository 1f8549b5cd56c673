"""The compiled half: journals, the socket, and nothing that a person reads."""

from collections.abc import Callable, Mapping
from typing import Any

class Refused(ValueError): ...

class Session:
    entity: str
    project: str
    run_id: str
    name: str
    url: str | None
    resumed: bool
    start_step: int
    config_json: str
    summary_json: str
    home: str
    socket: str
    @staticmethod
    def open(
        options_json: str,
        encode: Callable[[object], object],
        warn: Callable[[str], None],
    ) -> Session: ...
    @property
    def step(self) -> int: ...
    @property
    def writer(self) -> str: ...
    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
    ) -> None: ...
    def change(self, json: str) -> None: ...
    def define(self, json: str) -> None: ...
    def console(self, stream: int, line: int, text: str) -> None: ...
    def log_artifact(self, json: str, files: list[tuple[str, str]]) -> None: ...
    def log_file(self, path: str, local: str) -> None: ...
    def await_artifact(self, client_id: str, timeout_s: float) -> str: ...
    def current_summary(self) -> str: ...
    def finish(self, exit_code: int, state: str | None = None, timeout_s: float = 2.0) -> bool: ...
    def request(
        self, method: str, path: str, body: bytes, timeout_s: float
    ) -> tuple[int, bytes]: ...

def request(
    method: str,
    path: str,
    body: bytes,
    timeout_s: float,
    start: bool = True,
    bin: str | None = None,
) -> tuple[int, bytes]: ...
def read_column(
    project: str | None,
    run: str,
    key: str,
    entity: str | None = None,
    max_points: int | None = None,
    bin: str | None = None,
) -> list[tuple[int, float]]: ...
def run_name(id: str) -> str: ...
def job_run_id(shared: bool) -> str | None: ...
