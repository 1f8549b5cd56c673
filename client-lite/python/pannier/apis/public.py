"""Names only: what W&B's programs import from `wandb.apis.public`."""

from .._api.api import Api as Api
from .._api.artifact_files import ArtifactFiles as ArtifactFiles
from .._api.artifacts import ArtifactCollections as ArtifactCollections
from .._api.artifacts import Artifacts as Artifacts
from .._api.artifacts import ArtifactType as ArtifactType
from .._api.artifacts import ArtifactTypes as ArtifactTypes
from .._api.artifacts import RunArtifacts as RunArtifacts
from .._api.collections import ArtifactCollection as ArtifactCollection
from .._api.console import ConsoleLogLine as ConsoleLogLine
from .._api.console import ConsoleLogs as ConsoleLogs
from .._api.files import File as File
from .._api.files import Files as Files
from .._api.history import HistoryScan as HistoryScan
from .._api.organizations import Organization as Organization
from .._api.projects import Project as Project
from .._api.projects import Projects as Projects
from .._api.registries import Registries as Registries
from .._api.registry import Registry as Registry
from .._api.run import Run as Run
from .._api.runs import Runs as Runs
from .._api.users import User as User
