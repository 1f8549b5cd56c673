/** Which fields of a panel's config its form has. Pure. */
import { VIEW } from "./spec";

/** How a field is asked for. */
export type Ask =
  | { kind: "text" | "area" | "number" | "yes" }
  | { kind: "choice"; choices: [value: string, title: string][] }
  /** Names of metrics: one, or several. */
  | { kind: "metric" | "metrics" }
  /** Names of media. */
  | { kind: "media" }
  /** A field of runs as `summary:loss`; with `group`, as W&B writes `groupBy`. */
  | { kind: "accessor" | "group" }
  /** What points are laid along. */
  | { kind: "along" }
  /** The columns of parallel coordinates, an accessor each. */
  | { kind: "columns" };

export interface FormField {
  name: string;
  title: string;
  ask: Ask;
  /** Shown behind “More”. */
  more?: boolean;
}

const field = (name: string, title: string, ask: Ask | Ask["kind"], more = false): FormField => ({
  name,
  title,
  ask: typeof ask === "string" ? ({ kind: ask } as Ask) : ask,
  ...(more && { more }),
});

const TITLE = field("chartTitle", "Title", "text");
const AGG: Ask = { kind: "choice", choices: [["", "as W&B does"], ["mean", "mean"], ["min", "least"], ["max", "greatest"], ["median", "median"], ["sum", "sum"]] };
const AREA: Ask = { kind: "choice", choices: [["", "as W&B does"], ["minmax", "least to greatest"], ["stddev", "standard deviation"], ["stderr", "standard error"], ["none", "none"]] };
const SMOOTH: Ask = {
  kind: "choice",
  choices: [["", "as W&B does"], ["exponential", "exponential"], ["exponentialTimeWeighted", "exponential by time"], ["gaussian", "gaussian"], ["average", "running average"], ["none", "none"]],
};
const SIDE: Ask = { kind: "choice", choices: [["", "beneath"], ["north", "above"], ["south", "beneath"], ["east", "right"], ["west", "left"]] };
const SIZE: Ask = { kind: "choice", choices: [["", "automatic"], ["small", "small"], ["medium", "medium"], ["large", "large"]] };

const LINE = [
  TITLE,
  field("metrics", "Metrics", "metrics"),
  field("xAxis", "Along", "along"),
  field("smoothingWeight", "Smoothing (0 to 0.99)", "number"),
  field("yLogScale", "Logarithmic y", "yes"),
  field("groupBy", "Group runs by", "group"),
  field("smoothingType", "Kind of smoothing", SMOOTH, true),
  field("xLogScale", "Logarithmic x", "yes", true),
  field("ignoreOutliers", "Leave outliers out of sight", "yes", true),
  field("groupAgg", "A group's line", AGG, true),
  field("groupArea", "A group's band", AREA, true),
  field("xAxisTitle", "Title of x", "text", true),
  field("yAxisTitle", "Title of y", "text", true),
  field("xAxisMin", "Least x", "number", true),
  field("xAxisMax", "Greatest x", "number", true),
  field("yAxisMin", "Least y", "number", true),
  field("yAxisMax", "Greatest y", "number", true),
  field("metricRegex", "Metrics that fit a pattern", "text", true),
  field("limit", "Runs at most", "number", true),
  field("legendPosition", "Legend", SIDE, true),
  field("fontSize", "Size of letters", SIZE, true),
];

/** The fields of a kind of panel; `undefined`: it has no form. */
export const FORMS: Record<string, FormField[]> = {
  [VIEW.line]: LINE,
  [VIEW.scalar]: [TITLE, field("metrics", "Metric", "metric"), field("groupAgg", "Of several runs", AGG)],
  [VIEW.bar]: [
    TITLE,
    field("metrics", "Metrics", "metrics"),
    field("vertical", "Upright", "yes"),
    field("groupBy", "Group runs by", "group"),
    field("groupAgg", "A group's bar", AGG),
    field("groupArea", "A group's range", AREA, true),
    field("barLimit", "Bars at most", "number", true),
    field("xAxisTitle", "Title of x", "text", true),
    field("yAxisTitle", "Title of y", "text", true),
  ],
  [VIEW.scatter]: [
    TITLE,
    field("xAxis", "x", "accessor"),
    field("yAxis", "y", "accessor"),
    field("zAxis", "Colour by", "accessor", true),
    field("xAxisLogScale", "Logarithmic x", "yes"),
    field("yAxisLogScale", "Logarithmic y", "yes"),
    field("showLinearRegression", "Line of regression", "yes", true),
  ],
  [VIEW.parallel]: [TITLE, field("columns", "Columns", "columns")],
  [VIEW.comparer]: [field("diffOnly", "Only differences", "yes")],
  [VIEW.media]: [TITLE, field("mediaKeys", "Media", "media"), field("columnCount", "Columns", "number")],
  [VIEW.markdown]: [field("value", "Markdown", "area")],
};
