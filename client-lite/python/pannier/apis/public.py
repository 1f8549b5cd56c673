"""Names only: what W&B's programs import from `wandb.apis.public`."""

from .._api.api import Api as Api
from .._api.console import ConsoleLogLine as ConsoleLogLine
from .._api.console import ConsoleLogs as ConsoleLogs
from .._api.files import File as File
from .._api.files import Files as Files
from .._api.history import HistoryScan as HistoryScan
from .._api.projects import Project as Project
from .._api.projects import Projects as Projects
from .._api.run import Run as Run
from .._api.runs import Runs as Runs
from .._api.users import User as User
