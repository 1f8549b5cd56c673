/** From the server's series to lines that can be drawn. Pure. */
import type { SeriesView } from "../api";
import { smooth, type Smoothing } from "./smooth";

/** A line of a chart. */
export interface Line {
  run: string;
  key: string;
  name: string;
  color: string;
  x: readonly number[];
  /** What is drawn in full: smoothed, where smoothing is on. */
  y: readonly (number | null)[];
  /** As logged, where `y` is smoothed. */
  raw?: readonly (number | null)[];
  min?: readonly (number | null)[];
  max?: readonly (number | null)[];
  /** In pixels, where it is not the usual. */
  width?: number;
  /** Lengths of dashes and gaps, where it is not drawn through. */
  dash?: readonly number[];
}

/** What of a line may be said beside its name and colour. */
export type Stroke = Pick<Line, "width" | "dash">;

export type Named = (run: string, key: string) => string;

/** How series become lines. */
export interface How {
  name: Named;
  color: Named;
  stroke?: ((run: string, key: string) => Stroke) | undefined;
  smoothing: Smoothing;
  original: boolean;
}

/** Lines in the order of the series. */
export function prepare(series: readonly SeriesView[], how: How): Line[] {
  return series.map((one) => {
    const { run, key, x, min, max } = one;
    const y = smooth(one.y, how.smoothing);
    const line: Line = { run, key, name: how.name(run, key), color: how.color(run, key), x, y };
    if (y !== one.y && how.original) line.raw = one.y;
    if (min && max) Object.assign(line, { min, max });
    return Object.assign(line, how.stroke?.(run, key));
  });
}
