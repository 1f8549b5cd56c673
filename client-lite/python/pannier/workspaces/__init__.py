"""Saved workspaces from Python: `pannier.workspaces`, with the names of W&B's
`wandb_workspaces.workspaces`.

    import pannier.reports as wr
    import pannier.workspaces as ws

    sections = [ws.Section("Losses", panels=[wr.LinePlot(x="Step", y=["loss"])], is_open=True)]
    ws.Workspace(entity="team", project="digits", name="Losses", sections=sections).save()

Panels are those of `pannier.reports`, whose records these are made of too.
"""

from ..reports._runset import RunSettings as RunSettings
from ..reports.expr import *  # noqa: F403
from ._runset import GroupPath as GroupPath
from ._runset import RunRef as RunRef
from ._runset import RunsetSettings as RunsetSettings
from ._workspace import Section as Section
from ._workspace import SectionLayoutSettings as SectionLayoutSettings
from ._workspace import SectionPanelSettings as SectionPanelSettings
from ._workspace import Workspace as Workspace
from ._workspace import WorkspaceSettings as WorkspaceSettings
