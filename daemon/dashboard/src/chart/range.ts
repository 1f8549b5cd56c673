/** Which part of the plane a chart shows, and where a value lies in it. Pure. */
import type { LineOptions, Zoom } from "./options";
import type { Line } from "./prepare";

export type Range = [min: number, max: number];

type Options = Pick<LineOptions, "logX" | "logY" | "clip" | "xMin" | "xMax" | "yMin" | "yMax" | "band">;

/** From the first to the last point, or as zoomed or set. */
export function xRange(lines: readonly Line[], options: Options, zoom: Zoom | null): Range {
  if (zoom) return apart(zoom[0], zoom[1], options.logX);
  let min = Infinity;
  let max = -Infinity;
  for (const { x } of lines) {
    const first = options.logX ? x.find((value) => value > 0) : x[0];
    if (first === undefined) continue;
    min = Math.min(min, first);
    max = Math.max(max, x.at(-1)!);
  }
  return apart(options.xMin ?? min, options.xMax ?? max, options.logX);
}

/** What the points within `x` reach, with a little air. */
export function yRange(lines: readonly Line[], options: Options, x: Range): Range {
  const values = within(lines, x, options);
  let [min, max] = options.clip ? inner(values) : extremes(values);
  if (Number.isFinite(min) && Number.isFinite(max)) {
    if (options.logY) [min, max] = [min / 1.15, max * 1.15];
    else [min, max] = [min - (max - min) * 0.05, max + (max - min) * 0.05];
  }
  return apart(options.yMin ?? min, options.yMax ?? max, options.logY);
}

function within(lines: readonly Line[], [from, to]: Range, options: Options): number[] {
  const values: number[] = [];
  const take = (value: number | null | undefined) => {
    if (value != null && (!options.logY || value > 0)) values.push(value);
  };
  for (const line of lines) {
    for (let at = 0; at < line.x.length; at += 1) {
      if (line.x[at]! < from || line.x[at]! > to) continue;
      take(line.y[at]);
      take(line.raw?.[at]);
      if (!options.band || options.clip) continue;
      take(line.min?.[at]);
      take(line.max?.[at]);
    }
  }
  return values;
}

function extremes(values: readonly number[]): Range {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}

/** Without the outermost twentieth at either end. */
function inner(values: number[]): Range {
  if (values.length < 20) return extremes(values);
  values.sort((a, b) => a - b);
  const cut = Math.floor(values.length * 0.05);
  return [values[cut]!, values[values.length - 1 - cut]!];
}

/** A range that can be drawn: with two ends that differ. */
function apart(min: number, max: number, log: boolean): Range {
  if (!Number.isFinite(min) && !Number.isFinite(max)) return log ? [1, 10] : [0, 1];
  if (!Number.isFinite(min)) min = log ? max / 10 : max - 1;
  if (!Number.isFinite(max)) max = log ? min * 10 : min + 1;
  if (log && min <= 0) min = max > 0 ? max / 1e6 : 1;
  if (min < max) return [min, max];
  if (log) return [min / 2, min * 2];
  const size = Math.abs(min) * 0.1 || 1;
  return [min - size, min + size];
}

/** From a value to its place: `start` is that of the range's beginning. */
export function placer([min, max]: Range, log: boolean, start: number, length: number): (value: number) => number {
  if (!log) {
    const scale = length / (max - min);
    return (value) => start + (value - min) * scale;
  }
  const low = Math.log(min);
  const scale = length / (Math.log(max) - low);
  return (value) => (value > 0 ? start + (Math.log(value) - low) * scale : NaN);
}

/** The index of the value in ascending `x` that is nearest. */
export function nearest(x: readonly number[], value: number): number {
  let low = 0;
  let high = x.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value - x[low - 1]! <= x[low]! - value ? low - 1 : low;
}

/** Round numbers within a range, about so many. */
export function ticks([min, max]: Range, log: boolean, about: number): number[] {
  if (log && Math.log10(max / min) >= 2) {
    const all: number[] = [];
    for (let power = Math.ceil(Math.log10(min)); power <= Math.floor(Math.log10(max)); power += 1) all.push(10 ** power);
    const skip = Math.ceil(all.length / about);
    return all.filter((_, at) => at % skip === 0);
  }
  const rough = (max - min) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((size) => size * power).find((size) => size >= rough) ?? rough;
  const all: number[] = [];
  for (let at = Math.ceil(min / step); at * step <= max; at += 1) all.push(Number((at * step).toPrecision(12)));
  return all;
}
