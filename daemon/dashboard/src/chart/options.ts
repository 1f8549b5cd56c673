/** How a line chart is drawn: what a panel's settings say. Knows no data. */
import type { Along } from "../api";
import type { Smoothing } from "./smooth";

export interface LineOptions {
  /** What the points are laid along. */
  x: Along;
  smoothing: Smoothing;
  /** The line as it was logged, faint behind the smoothed one. */
  original: boolean;
  /** The extremes of each bucket as a band. */
  band: boolean;
  logX: boolean;
  logY: boolean;
  /** Leaves outliers out of the range of y. */
  clip: boolean;
  xMin: number | null;
  xMax: number | null;
  yMin: number | null;
  yMax: number | null;
}

/** What holds where nothing else is said. */
export const PLAIN: LineOptions = {
  x: "step",
  smoothing: { kind: "ema", amount: 0 },
  original: true,
  band: true,
  logX: false,
  logY: false,
  clip: false,
  xMin: null,
  xMax: null,
  yMin: null,
  yMax: null,
};

/** Where x begins and ends in a chart that somebody zoomed. */
export type Zoom = [from: number, to: number];

/** What the axis is called. */
export function xTitle(x: Along): string {
  if (typeof x === "object") return x.metric;
  return { step: "step", time: "time", relative: "time since the start" }[x];
}
