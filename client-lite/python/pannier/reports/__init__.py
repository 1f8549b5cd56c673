"""Reports from Python: `pannier.reports`, with the names of W&B's `wandb_workspaces.reports.v2`.

    import pannier.reports as wr

    report = wr.Report(
        project="digits",
        title="Baseline",
        blocks=[wr.H1("Loss"), wr.PanelGrid(panels=[wr.LinePlot(x="Step", y=["loss"])])],
    )
    report.save()

A report is a list of blocks; a `PanelGrid` among them has panels, and run sets that
say whose runs they show. Each class says field by field how it stands in the JSON
that W&B's dashboard reads as well, so reports go both ways; what no class knows is
kept as it came. Nothing in here is imported before it is asked for.
"""

from __future__ import annotations

from . import blocks as blocks
from . import expr as expr
from . import metrics as metrics
from . import panels as panels
from ._family import Layout as Layout
from ._grid import RunsetGroup as RunsetGroup
from ._grid import RunsetGroupKey as RunsetGroupKey
from ._kinds import FieldError as FieldError
from ._report import Report as Report
from ._runset import Runset as Runset
from ._runset import RunSettings as RunSettings
from ._text import InlineCode as InlineCode
from ._text import InlineLatex as InlineLatex
from ._text import Link as Link
from ._text import TextWithInlineComments as TextWithInlineComments
from .blocks import *  # noqa: F403
from .metrics import *  # noqa: F403
from .panels import *  # noqa: F403

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def __getattr__(name: str) -> Any:
    names = ", ".join(one for one in globals() if one[0].isupper())
    raise AttributeError(f"pannier.reports has no {name!r}; it has {names}")
