"""Owns the exceptions that pannier raises: for what a caller got wrong, and for
questions that got no answer.

In recording, trouble of our own (no daemon, full disk, no network) is a warning on
stderr, never an exception: see `_term.warn`.
"""

from __future__ import annotations


class Error(Exception):
    """Base of everything that pannier raises."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UsageError(Error):
    """An argument or an environment variable that cannot be meant as it is."""


class ConfigError(Error):
    """A config value was about to be changed without `allow_val_change=True`."""


class CommError(Error):
    """A question (not a log call) to the daemon that got no answer."""


class AuthenticationError(CommError):
    """A server that does not know the key, or does not let its owner do this."""


class NotFoundError(CommError, ValueError):
    """A run, project or file that the server does not have."""


class ArtifactStatusError(AttributeError):
    """An artifact that is not in a state in which this can be done or read."""

    def __init__(
        self,
        msg: str = "Artifact is in an invalid state for the requested operation.",
        name: str | None = None,
        obj: object = None,
    ) -> None:
        super().__init__(msg)
        self.name = name or ""
        self.obj = obj


class ArtifactNotLoggedError(ArtifactStatusError):
    """Something that an artifact has once it is logged."""

    def __init__(self, fullname: str, obj: object) -> None:
        super().__init__(
            f"{fullname!r} used prior to logging artifact or while in offline mode."
            " Call Artifact.wait() before accessing logged artifact properties.",
            fullname.rpartition(".")[2],
            obj,
        )


class ArtifactFinalizedError(ArtifactStatusError):
    """Something that cannot be changed any more once an artifact is logged."""

    def __init__(self, fullname: str, obj: object) -> None:
        super().__init__(
            f"{fullname!r} used on logged artifact. Can't modify finalized artifact.",
            fullname.rpartition(".")[2],
            obj,
        )


class WaitTimeoutError(Error):
    """`Artifact.wait` whose time was up before the version was complete."""
