"""The name under which W&B's programs know a few of its inner modules."""

from . import artifacts as artifacts
