"""What the SDK reads of a report.

report_read.py URL"""

import sys

import wandb_workspaces.reports.v2 as wr
from telling import tell

report = wr.Report.from_url(sys.argv[1])
grids = [block for block in report.blocks if isinstance(block, wr.PanelGrid)]
tell(
    title=report.title,
    kinds=[type(block).__name__ for block in report.blocks],
    texts=[block.text for block in report.blocks if isinstance(block, wr.P | wr.MarkdownBlock)],
    panels=[[type(panel).__name__, panel.title] for grid in grids for panel in grid.panels if hasattr(panel, "title")],
    metrics=[[getattr(y, "name", y) for y in panel.y] for grid in grids for panel in grid.panels if isinstance(panel, wr.LinePlot)],
)
