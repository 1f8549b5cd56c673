"""Names only: what W&B's programs import from `wandb.sdk.artifacts.exceptions`."""

from ...errors import ArtifactFinalizedError as ArtifactFinalizedError
from ...errors import ArtifactNotLoggedError as ArtifactNotLoggedError
from ...errors import ArtifactStatusError as ArtifactStatusError
from ...errors import WaitTimeoutError as WaitTimeoutError
