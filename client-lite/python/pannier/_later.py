"""Owns the part of W&B's `Run` that this version does not have yet.

Each method says so in one sentence, or, where nothing would be lost by it, does
nothing. A disabled run accepts them all.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Later:
    """Base of `Run`; methods leave it as they are built."""

    @property
    def disabled(self) -> bool:
        """Whether this run records nothing."""
        raise NotImplementedError

    def _later(self, call: str, what: str, instead: str = "") -> None:
        if not self.disabled:
            raise NotImplementedError(
                f"run.{call}() comes with {what}, which this version of pannier does not have"
                + (f"; {instead}" if instead else "")
            )

    def log_code(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("log_code", "code artifacts", "git commit and diff are recorded")

    def watch(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("watch", "model watching", "log gradient norms with run.log()")

    def unwatch(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing is being watched."""

    def pin_config_keys(self, *_args: Any, **_kwargs: Any) -> None:
        """A hint to W&B's web page, without a meaning here."""

    def display(self, *_args: Any, **_kwargs: Any) -> bool:
        """Shows nothing in a notebook."""
        return False
