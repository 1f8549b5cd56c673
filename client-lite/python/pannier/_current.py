"""Owns which run the module-level functions (`pannier.log`, …) speak to."""

from __future__ import annotations

from .errors import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from ._run import Run

run: Run | None = None


def need(what: str) -> Run:
    """The current run, or a clear error for `pannier.WHAT` before `init`."""
    if run is None:
        raise Error(f"You must call pannier.init() before pannier.{what}")
    return run


class BeforeInit:
    """Stands in for `pannier.config` and `pannier.summary` while there is no run."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def _refuse(self, access: str) -> NoReturn:
        raise Error(f"You must call pannier.init() before pannier.{self._name}{access}")

    def __getitem__(self, key: str) -> object:
        self._refuse(f"[{key!r}]")

    def __setitem__(self, key: str, value: object) -> None:
        self._refuse(f"[{key!r}]")

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):  # copy, pickle and inspect ask for these
            raise AttributeError(name)
        self._refuse(f".{name}")

    def __setattr__(self, name: str, value: object) -> None:
        self._refuse(f".{name}")

    def __repr__(self) -> str:
        return f"<pannier.{self._name}: call pannier.init() first>"
