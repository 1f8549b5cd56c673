"""Owns the panels that a `PanelGrid` shows runs with."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from ._custom import CustomChart
from ._family import LAYOUT, Layout, Panel, UnknownPanel
from ._kinds import (
    DICT,
    FLAG,
    NUMBER,
    RANGE,
    TEXT,
    WHOLE,
    FieldError,
    Kind,
    Refused,
    choice,
    many,
    maybe,
    pairs,
)
from ._record import Record, at, maybe_records, records
from ._weave import (
    WeavePanel,
    WeavePanelArtifact,
    WeavePanelArtifactVersionedFile,
    WeavePanelSummaryTable,
)
from .metrics import ANY, GROUP, POINT, AnyMetric, Config, Metric

__all__ = [
    "BarPlot",
    "CodeComparer",
    "CustomChart",
    "GradientPoint",
    "LinePlot",
    "MarkdownPanel",
    "MediaBrowser",
    "ParallelCoordinatesPlot",
    "ParallelCoordinatesPlotColumn",
    "ParameterImportancePlot",
    "RunComparer",
    "ScalarChart",
    "ScatterPlot",
    "UnknownPanel",
    "WeavePanel",
    "WeavePanelArtifact",
    "WeavePanelArtifactVersionedFile",
    "WeavePanelSummaryTable",
]

_TEXT = maybe(TEXT)
_FLAG = maybe(FLAG)
_WHOLE = maybe(WHOLE)
_TEXTS = maybe(many(TEXT, "strings"))
_METRICS = many(ANY, "metrics: each a string, Metric, Config or SummaryMetric", alone=True)
_POINT = maybe(POINT)
_FONT = maybe(choice("small", "medium", "large", "auto"))
_AGG = maybe(choice("mean", "min", "max", "median", "sum", "samples"))
_AREA = maybe(choice("minmax", "stddev", "stderr", "none", "samples"))
_AXIS = maybe(choice("step", "index", "run"))
_SMOOTHING = maybe(choice("exponentialTimeWeighted", "exponential", "gaussian", "average", "none"))
_MARK = choice("solid", "dashed", "dotted", "dotdash", "dotdotdash", "points")
_NO_RANGE: Any = lambda: (None, None)  # noqa: E731
_ORIENTATION = replace(
    choice("v", "h"), encode=lambda one: one == "v", decode=lambda up: "v" if up else "h"
)
_ONE_METRIC = replace(
    ANY, encode=lambda one: [ANY.encode(one)], decode=lambda all: ANY.decode(all[0])
)


def _colour(value: Any) -> Any:
    if not isinstance(value, (str, dict)):
        raise Refused(value)
    return value


def _with_areas(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """Colours of lines, each with the pale one of the area around its line."""
    if given is None:
        return None
    return {
        key: {"color": one, "transparentColor": f"{one}19"} if isinstance(one, str) else one
        for key, one in given.items()
    }


_COLOURS = replace(maybe(pairs(Kind("", _colour), "colours")), encode=_with_areas)


def _gradient_colour(value: Any) -> str:
    """`#rgb`, `#rrggbb`, `rgb(r, g, b)` or `rgba(r, g, b, a)`."""
    part = r"\s*(\d{1,3})\s*"
    hexed = isinstance(value, str) and re.fullmatch(r"#([0-9a-fA-F]{3}){1,2}", value)
    found = isinstance(value, str) and re.fullmatch(
        rf"rgb\({part},{part},{part}\)|rgba\({part},{part},{part},\s*(?:1|0|0?\.\d+)\s*\)", value
    )
    if not hexed and not (found and all(int(one) <= 255 for one in found.groups() if one)):
        raise Refused(value)
    return str(value)


def _percent(value: Any) -> float:
    number: float = NUMBER.check(value)
    if not 0 <= number <= 100:
        raise Refused(value)
    return number


@dataclass(repr=False)
class GradientPoint(Record):
    """A colour of a gradient, and where on it, in percent."""

    color: str = at(
        Kind("#rgb, #rrggbb, rgb(r, g, b) or rgba(r, g, b, a)", _gradient_colour), "color"
    )
    offset: float = at(Kind("a number from 0 to 100", _percent), "offset", 0.0)


_GRADIENT = maybe_records(GradientPoint)


@dataclass(repr=False)
class LinePlot(Panel):
    """Metrics over steps, or over another metric."""

    TYPE = "Run History Line Plot"

    title: str | None = at(_TEXT, "chartTitle")
    x: AnyMetric | None = at(maybe(ANY), "xAxis", "Step")
    y: list[AnyMetric] = at(_METRICS, "metrics", list)
    range_x: tuple[float | None, float | None] = at(RANGE, ("xAxisMin", "xAxisMax"), _NO_RANGE)
    range_y: tuple[float | None, float | None] = at(RANGE, ("yAxisMin", "yAxisMax"), _NO_RANGE)
    log_x: bool | None = at(_FLAG, "xLogScale")
    log_y: bool | None = at(_FLAG, "yLogScale")
    title_x: str | None = at(_TEXT, "xAxisTitle")
    title_y: str | None = at(_TEXT, "yAxisTitle")
    ignore_outliers: bool | None = at(_FLAG, "ignoreOutliers")
    groupby: str | Config | Metric | None = at(GROUP, "groupBy")
    groupby_aggfunc: str | None = at(_AGG, "groupAgg")
    groupby_rangefunc: str | None = at(_AREA, "groupArea")
    smoothing_factor: float | None = at(maybe(NUMBER), "smoothingWeight")
    smoothing_type: str | None = at(_SMOOTHING, "smoothingType")
    smoothing_show_original: bool | None = at(_FLAG, "showOriginalAfterSmoothing")
    max_runs_to_show: int | None = at(_WHOLE, "limit")
    custom_expressions: list[str] | None = at(_TEXTS, "expressions")
    plot_type: str | None = at(maybe(choice("line", "stacked-area", "pct-area")), "plotType")
    font_size: str | None = at(_FONT, "fontSize")
    legend_position: str | None = at(
        maybe(choice("north", "south", "east", "west")), "legendPosition"
    )
    legend_template: str | None = at(_TEXT, "legendTemplate")
    aggregate: bool | None = at(_FLAG, "aggregate")
    xaxis_expression: str | None = at(_TEXT, "xExpression")
    xaxis_format: str | None = at(_TEXT, "xAxisFormat")
    legend_fields: list[str] | None = at(_TEXTS, "legendFields")
    metric_regex: str | None = at(_TEXT, "metricRegex")
    point_visualization_method: str | None = at(
        maybe(choice("bucketing-gorilla", "sampling")), "pointVisualizationMethod"
    )
    line_titles: dict[str, str] | None = at(maybe(pairs(TEXT, "strings")), "overrideSeriesTitles")
    line_colors: dict[str, Any] | None = at(_COLOURS, "overrideColors")
    line_widths: dict[str, float] | None = at(maybe(pairs(NUMBER, "numbers")), "overrideLineWidths")
    line_marks: dict[str, str] | None = at(maybe(pairs(_MARK, "marks")), "overrideMarks")
    layout: Layout = at(LAYOUT, "layout", Layout)

    def _fresh(self) -> dict[str, Any]:
        made = super()._fresh()
        _grouped(self.groupby, made["config"])
        if self.metric_regex:
            made["config"]["useMetricRegex"] = True
        return made


def _grouped(groupby: object, config: dict[str, Any]) -> None:
    """Runs that are grouped are shown as one."""
    if groupby not in (None, "None"):
        config["aggregate"] = True


@dataclass(repr=False)
class ScatterPlot(Panel):
    """One point per run."""

    TYPE = "Scatter Plot"

    title: str | None = at(_TEXT, "chartTitle")
    x: AnyMetric | None = at(_POINT, "xAxis")
    y: AnyMetric | None = at(_POINT, "yAxis")
    z: AnyMetric | None = at(_POINT, "zAxis")
    range_x: tuple[float | None, float | None] = at(RANGE, ("xAxisMin", "xAxisMax"), _NO_RANGE)
    range_y: tuple[float | None, float | None] = at(RANGE, ("yAxisMin", "yAxisMax"), _NO_RANGE)
    range_z: tuple[float | None, float | None] = at(RANGE, ("zAxisMin", "zAxisMax"), _NO_RANGE)
    log_x: bool | None = at(_FLAG, "xAxisLogScale")
    log_y: bool | None = at(_FLAG, "yAxisLogScale")
    log_z: bool | None = at(_FLAG, "zAxisLogScale")
    running_ymin: bool | None = at(_FLAG, "showMinYAxisLine")
    running_ymax: bool | None = at(_FLAG, "showMaxYAxisLine")
    running_ymean: bool | None = at(_FLAG, "showAvgYAxisLine")
    legend_template: str | None = at(_TEXT, "legendTemplate")
    gradient: list[GradientPoint] | None = at(_GRADIENT, "customGradient")
    font_size: str | None = at(_FONT, "fontSize")
    regression: bool | None = at(_FLAG, "showLinearRegression")
    layout: Layout = at(LAYOUT, "layout", Layout)


@dataclass(repr=False)
class BarPlot(Panel):
    """One bar per run, or per group of runs."""

    TYPE = "Bar Chart"

    title: str | None = at(_TEXT, "chartTitle")
    metrics: list[AnyMetric] = at(_METRICS, "metrics", list)
    orientation: str = at(_ORIENTATION, "vertical", "h")
    range_x: tuple[float | None, float | None] = at(RANGE, ("xAxisMin", "xAxisMax"), _NO_RANGE)
    title_x: str | None = at(_TEXT, "xAxisTitle")
    title_y: str | None = at(_TEXT, "yAxisTitle")
    groupby: str | Config | Metric | None = at(GROUP, "groupBy")
    groupby_aggfunc: str | None = at(_AGG, "groupAgg")
    groupby_rangefunc: str | None = at(_AREA, "groupArea")
    max_runs_to_show: int | None = at(_WHOLE, "limit")
    max_bars_to_show: int | None = at(_WHOLE, "barLimit")
    custom_expressions: list[str] | None = at(_TEXTS, "expressions")
    legend_template: str | None = at(_TEXT, "legendTemplate")
    font_size: str | None = at(_FONT, "fontSize")
    line_titles: dict[str, Any] | None = at(maybe(DICT), "overrideSeriesTitles")
    line_colors: dict[str, Any] | None = at(_COLOURS, "overrideColors")
    aggregate: bool | None = at(_FLAG, "aggregate")
    layout: Layout = at(LAYOUT, "layout", Layout)

    def _fresh(self) -> dict[str, Any]:
        made = super()._fresh()
        _grouped(self.groupby, made["config"])
        return made


@dataclass(repr=False)
class ScalarChart(Panel):
    """One number, of all runs together."""

    TYPE = "Scalar Chart"

    title: str | None = at(_TEXT, "chartTitle")
    metric: AnyMetric = at(_ONE_METRIC, "metrics", "")
    groupby_aggfunc: str | None = at(_AGG, "groupAgg")
    groupby_rangefunc: str | None = at(_AREA, "groupArea")
    custom_expressions: list[str] | None = at(_TEXTS, "expressions")
    legend_template: str | None = at(_TEXT, "legendTemplate")
    font_size: str | None = at(_FONT, "fontSize")
    layout: Layout = at(LAYOUT, "layout", Layout)


@dataclass(repr=False)
class CodeComparer(Panel):
    """The runs' code, side by side."""

    TYPE = "Code Comparer"

    diff: str = at(choice("split", "unified"), "diff", "split")
    layout: Layout = at(LAYOUT, "layout", Layout)


@dataclass(repr=False)
class ParallelCoordinatesPlotColumn(Record):
    """An axis of a `ParallelCoordinatesPlot`."""

    metric: AnyMetric = at(POINT, "accessor")
    display_name: str | None = at(_TEXT, "displayName")
    inverted: bool | None = at(_FLAG, "inverted")
    log: bool | None = at(_FLAG, "log")


@dataclass(repr=False)
class ParallelCoordinatesPlot(Panel):
    """One line per run, across an axis for each of its values."""

    TYPE = "Parallel Coordinates Plot"

    columns: list[ParallelCoordinatesPlotColumn] = at(
        records(ParallelCoordinatesPlotColumn), "columns", list
    )
    title: str | None = at(_TEXT, "chartTitle")
    gradient: list[GradientPoint] | None = at(_GRADIENT, "customGradient")
    font_size: str | None = at(_FONT, "fontSize")
    layout: Layout = at(LAYOUT, "layout", Layout)


@dataclass(repr=False)
class ParameterImportancePlot(Panel):
    """How much each config value has to do with a metric."""

    TYPE = "Parameter Importance"
    ALSO = {
        "columnsPinned": {},
        "columnWidths": {},
        "columnOrder": [],
        "pageSize": 10,
        "onlyShowSelected": False,
    }

    with_respect_to: str = at(TEXT, "targetKey", "")
    layout: Layout = at(LAYOUT, "layout", Layout)


@dataclass(repr=False)
class RunComparer(Panel):
    """A table of what runs have in common and what not."""

    TYPE = "Run Comparer"

    diff_only: str | bool | None = at(maybe(choice("split", True)), "diffOnly")
    layout: Layout = at(LAYOUT, "layout", Layout)


@dataclass(repr=False)
class MediaBrowser(Panel):
    """The media that runs logged."""

    TYPE = "Media Browser"

    title: str | None = at(_TEXT, "chartTitle")
    num_columns: int | None = at(_WHOLE, "columnCount")
    media_keys: list[str] = at(many(TEXT, "strings", alone=True), "mediaKeys", list)
    mode: str | None = at(maybe(choice("gallery", "grid")), "mode")
    gallery_axis: str | None = at(_AXIS, "gallerySettings.axis")
    grid_x_axis: str | None = at(_AXIS, "gridSettings.xAxis")
    grid_y_axis: str | None = at(_AXIS, "gridSettings.yAxis")
    layout: Layout = at(LAYOUT, "layout", Layout)

    def _fresh(self) -> dict[str, Any]:
        made = super()._fresh()
        config = made["config"]
        said = [mode for mode in ("gallery", "grid") if f"{mode}Settings" in config]
        if self.mode is None and len(said) == 2:
            raise FieldError(
                "MediaBrowser has axes of a gallery and of a grid; say which with mode='gallery'"
                " or mode='grid'"
            )
        if self.mode is None and said:
            config["mode"] = said[0]
        return made


@dataclass(repr=False)
class MarkdownPanel(Panel):
    """Markdown among the panels."""

    TYPE = "Markdown Panel"

    markdown: str = at(TEXT, "value", "")
    layout: Layout = at(LAYOUT, "layout", Layout)
