/** Scales, ticks and paths of the small SVG charts. Pure. */

/** A scale of an axis: `to` gives pixels. */
export interface Scale {
  least: number;
  most: number;
  log: boolean;
  to: (value: number) => number;
}

/** A range that holds the values and the given ends, never empty. */
export function scale(
  values: number[],
  pixels: [number, number],
  options: { log?: boolean; min?: number | undefined; max?: number | undefined; zero?: boolean; air?: number } = {},
): Scale {
  const log = options.log ?? false;
  const usable = values.filter((one) => Number.isFinite(one) && (!log || one > 0));
  let least = options.min ?? usable.reduce((a, b) => Math.min(a, b), Infinity);
  let most = options.max ?? usable.reduce((a, b) => Math.max(a, b), -Infinity);
  if (options.zero && !log) [least, most] = [Math.min(0, least), Math.max(0, most)];
  if (!Number.isFinite(least) || (log && least <= 0)) least = log ? 1e-3 : 0;
  if (!Number.isFinite(most) || most < least) most = log ? least * 10 : least + 1;
  if (options.air && most > least && !log) {
    const by = (most - least) * options.air;
    [least, most] = [options.min ?? least - by, options.max ?? most + by];
  } else if (options.air && most > least) {
    const by = (most / least) ** options.air;
    [least, most] = [options.min ?? least / by, options.max ?? most * by];
  }
  if (most === least) [least, most] = log ? [least / 2, most * 2] : spread(least, options);
  const of = log ? Math.log10 : (value: number) => value;
  const [from, to] = [of(least), of(most)];
  return { least, most, log, to: (value) => pixels[0] + ((of(value) - from) / (to - from)) * (pixels[1] - pixels[0]) };
}

function spread(value: number, ends: { min?: number | undefined; max?: number | undefined }): [number, number] {
  const by = Math.abs(value) * 0.1 || 1;
  return [ends.min ?? value - by, ends.max ?? value + by];
}

/** Round values within a scale, about so many. */
export function ticks(of: Scale, about = 5): number[] {
  if (of.log && of.most / of.least >= 10) return decades(of, about);
  const rough = (of.most - of.least) / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  const found: number[] = [];
  for (let at = Math.ceil(of.least / step - 1e-9); at * step <= of.most + step * 1e-9; at += 1) {
    found.push(Number((at * step).toPrecision(12)));
  }
  return found;
}

function decades(of: Scale, about: number): number[] {
  const first = Math.ceil(Math.log10(of.least) - 1e-9);
  const last = Math.floor(Math.log10(of.most) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first + 1) / about));
  const found: number[] = [];
  for (let at = first; at <= last; at += step) found.push(Number(`1e${at}`));
  return found;
}

/** An SVG path through points; gaps where a point is missing. */
export function linePath(xs: number[], ys: (number | null)[], x: Scale, y: Scale): string {
  let path = "";
  let pen = "M";
  for (let at = 0; at < xs.length; at += 1) {
    const value = ys[at];
    const usable = value != null && Number.isFinite(value) && !(y.log && value <= 0) && !(x.log && xs[at]! <= 0);
    if (!usable) {
      pen = "M";
      continue;
    }
    path += `${pen}${px(x.to(xs[at]!))} ${px(y.to(value))}`;
    pen = "L";
  }
  return path;
}

/** A pixel, short. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** The straight line that fits points best: `null` where there is none. */
export function regression(points: [number, number][]): { slope: number; offset: number } | null {
  const n = points.length;
  const [mx, my] = [0, 1].map((side) => points.reduce((sum, one) => sum + one[side as 0 | 1], 0) / n) as [number, number];
  const spread = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  if (n < 2 || spread === 0) return null;
  const slope = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / spread;
  return { slope, offset: my - slope * mx };
}

/** Several numbers as one, as W&B names the ways. */
export function aggregate(values: number[], how: string): number | undefined {
  if (values.length === 0) return undefined;
  const sum = () => values.reduce((a, b) => a + b, 0);
  switch (how) {
    case "min":
      return values.reduce((a, b) => Math.min(a, b));
    case "max":
      return values.reduce((a, b) => Math.max(a, b));
    case "sum":
      return sum();
    case "median": {
      const sorted = [...values].sort((a, b) => a - b);
      const half = Math.floor(sorted.length / 2);
      return sorted.length % 2 ? sorted[half] : (sorted[half - 1]! + sorted[half]!) / 2;
    }
    default:
      return sum() / values.length;
  }
}

/** How far values are from their middle, as W&B names the ways; `null`: no range is asked for. */
export function area(values: number[], how: string | undefined): [number, number] | null {
  if (!how || how === "none" || how === "samples" || values.length < 2) return null;
  if (how === "minmax") return [aggregate(values, "min")!, aggregate(values, "max")!];
  const mean = aggregate(values, "mean")!;
  const deviation = Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / values.length);
  const by = how === "stderr" ? deviation / Math.sqrt(values.length) : deviation;
  return [mean - by, mean + by];
}

/** A colour on a gradient of W&B's points (`offset` 0 to 100). */
export function gradient(points: { color: string; offset: number }[], share: number): string {
  const sorted = [...points].sort((a, b) => a.offset - b.offset);
  const at = share * 100;
  const next = sorted.findIndex((one) => one.offset >= at);
  if (next <= 0) return (next === 0 ? sorted[0] : sorted.at(-1))?.color ?? "currentColor";
  const [a, b] = [sorted[next - 1]!, sorted[next]!];
  const part = Math.round(((at - a.offset) / (b.offset - a.offset || 1)) * 100);
  return `color-mix(in srgb, ${b.color} ${part}%, ${a.color})`;
}
