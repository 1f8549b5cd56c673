/** What a line plot's config asks for, in the words of our charts. Pure. */
import type { Along, SeriesView } from "../api";
import { grouped, type How } from "../chart/group";
import type { LineOptions } from "../chart/options";
import type { Stroke } from "../chart/prepare";
import type { Smoothing } from "../chart/smooth";
import { groupKey } from "./fields";
import { aggregate, area } from "./plot";
import { colorOf, groupName, type ShownRun } from "./runset";
import { fields, finite, text, texts, type Fields, type Json, type Key } from "./spec";

/** Runs of a plot whose config does not say how many. */
const RUNS = 100;

/** What points are laid along, as W&B names it. */
export function alongOf(name: Json): Along {
  switch (name) {
    case undefined:
    case null:
    case "":
    case "_step":
    case "Step":
      return "step";
    case "_timestamp":
      return "time";
    case "_runtime":
    case "_absolute_runtime":
      return "relative";
    default:
      return { metric: String(name) };
  }
}

/** How W&B says what points are laid along. */
export function alongName(along: Along): string {
  return typeof along === "object" ? along.metric : { step: "_step", time: "_timestamp", relative: "_absolute_runtime" }[along];
}

export function smoothingOf(config: Fields): Smoothing {
  const weight = finite(config["smoothingWeight"]) ?? 0;
  const kind = config["smoothingType"];
  if (kind === "none") return { kind: "ema", amount: 0 };
  // W&B's gaussian and average may be widths instead of shares.
  const amount = Math.min(0.999, Math.max(0, weight > 1 ? weight / 100 : weight));
  return { kind: kind === "gaussian" || kind === "average" ? kind : "ema", amount };
}

/** The options of the chart. */
export function lineOptions(config: Fields): LineOptions {
  const [logX, logY] = [config["xLogScale"] === true, config["yLogScale"] === true];
  // A logarithmic axis has no end at or below 0.
  const end = (name: string, log: boolean) => {
    const value = finite(config[name]) ?? null;
    return log && value !== null && value <= 0 ? null : value;
  };
  const banded = config["groupArea"] !== "none" || !isGrouped(config);
  return {
    x: alongOf(config["xAxis"]),
    smoothing: smoothingOf(config),
    original: config["showOriginalAfterSmoothing"] !== false,
    band: banded,
    logX,
    logY,
    clip: config["ignoreOutliers"] === true,
    xMin: end("xAxisMin", logX),
    xMax: end("xAxisMax", logX),
    yMin: end("yAxisMin", logY),
    yMax: end("yAxisMax", logY),
  };
}

/** Whether the plot itself groups runs. */
export function isGrouped(config: Fields): boolean {
  return config["aggregate"] === true || (text(config["groupBy"]) !== undefined && config["groupBy"] !== "None");
}

/** The metrics of a plot: those that are named, or all that fit its pattern. */
export function metricsOf(config: Fields, known: readonly string[]): string[] {
  const pattern = text(config["metricRegex"]);
  const named = texts(config["metrics"]);
  if (!pattern || config["useMetricRegex"] === false) return named;
  try {
    const fits = new RegExp(pattern);
    return [...new Set([...named, ...known.filter((key) => fits.test(key))])].slice(0, 50);
  } catch {
    return named;
  }
}

/** The runs that a plot draws, and how many it leaves out. */
export function limited(runs: ShownRun[], config: Fields): { runs: ShownRun[]; left: number } {
  const most = Math.max(1, finite(config["limit"]) ?? RUNS);
  return { runs: runs.slice(0, most), left: Math.max(0, runs.length - most) };
}

/** The title of a plot. */
export function titleOf(config: Fields, metrics: readonly string[]): string {
  return text(config["chartTitle"]) ?? (metrics.join(", ") || "Line plot");
}

/** The label of each run's group; `null` where every run is a line of its own. */
export function groupLabels(config: Fields, runs: readonly ShownRun[]): Map<string, string> | null {
  const by = text(config["groupBy"]);
  const own: Key[] | null = by && by !== "None" ? [groupKey(by)] : null;
  const inSet = runs.some((one) => (one.set.grouping?.length ?? 0) > 0);
  if (!own && !inSet && config["aggregate"] !== true) return null;
  const label = (one: ShownRun) => {
    if (own) return groupName(one.run, own);
    return (one.set.grouping?.length ?? 0) > 0 ? one.name : inSet ? one.name : "All runs";
  };
  return new Map(runs.map((one) => [one.run.run, label(one)]));
}

/** Lines of groups, as the plot aggregates them. */
export function groupSeries(series: readonly SeriesView[], labels: Map<string, string>, config: Fields): readonly SeriesView[] {
  const how = text(config["groupAgg"]) ?? "mean";
  if (how === "samples") return series;
  const band = text(config["groupArea"]);
  const asked: How = { middle: (values) => aggregate(values, how)! };
  if (band && band !== "minmax") asked.ends = (values) => area(values, band);
  return grouped(series, (run) => labels.get(run) ?? null, asked);
}

/** What a line is called: `${run}:${metric}` may have a title of its own. */
export function lineTitle(config: Fields, run: string, metric: string, otherwise: string): string {
  return text(fields(config["overrideSeriesTitles"])[`${run}:${metric}`]) ?? otherwise;
}

/** The colour that the plot gives a line, if it does. */
export function lineColor(config: Fields, run: string, metric: string): string | undefined {
  return colorOf(fields(config["overrideColors"])[`${run}:${metric}`]);
}

const DASHES: Record<string, number[]> = {
  dashed: [8, 4],
  dotted: [2, 3],
  points: [2, 6],
  dotdash: [2, 3, 8, 3],
  dotdotdash: [2, 3, 2, 3, 8, 3],
};

/** The width and the dashes that the plot gives a line, if it does. */
export function lineStroke(config: Fields, run: string, metric: string): Stroke {
  const width = finite(fields(config["overrideLineWidths"])[`${run}:${metric}`]);
  const dash = DASHES[text(fields(config["overrideMarks"])[`${run}:${metric}`]) ?? ""];
  return { ...(width !== undefined && width > 0 && { width: Math.min(width, 20) }), ...(dash && { dash }) };
}

/** What of the plot's wishes is not drawn. */
export function leftOut(config: Fields): string[] {
  const said: string[] = [];
  if (texts(config["expressions"]).length > 0 || text(config["xExpression"])) said.push("its expressions are kept, and not drawn here");
  if (config["plotType"] && config["plotType"] !== "line") said.push("its areas are drawn as lines");
  return said;
}
