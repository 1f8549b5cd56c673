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

    def log_artifact(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("log_artifact", "artifacts")

    def use_artifact(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("use_artifact", "artifacts")

    def link_artifact(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("link_artifact", "artifacts")

    def upsert_artifact(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("upsert_artifact", "artifacts")

    def finish_artifact(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("finish_artifact", "artifacts")

    def log_model(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("log_model", "artifacts")

    def use_model(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("use_model", "artifacts")

    def link_model(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("link_model", "artifacts")

    def log_code(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("log_code", "artifacts", "git commit and diff are recorded")

    def save(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("save", "file uploads")

    def restore(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not in this version."""
        return self._later("restore", "file uploads")

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
