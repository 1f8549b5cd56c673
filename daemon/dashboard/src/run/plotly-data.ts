/**
 * What of a figure of plotly can be drawn here: lines, points and bars. Pure.
 * What cannot is named, not guessed.
 */
import { isObject, text } from "./media-data";

export interface Trace {
  kind: "line" | "points" | "both" | "bar";
  name: string;
  /** Positions on the x axis; of categories, their indices. */
  x: number[];
  y: number[];
  colour: string | null;
}

export interface Figure {
  title: string;
  xTitle: string;
  yTitle: string;
  /** Names along x, where it is no axis of numbers. */
  categories: string[] | null;
  /** Whether x is milliseconds since 1970. */
  dates: boolean;
  traces: Trace[];
  /** Kinds of traces that are not drawn. */
  left: string[];
}

const POINTS_MAX = 50_000;
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d|$)/;

/** Reads a figure's JSON; `null` where it is none. */
export function readFigure(value: unknown): Figure | null {
  if (!isObject(value) || !Array.isArray(value["data"])) return null;
  const layout = isObject(value["layout"]) ? value["layout"] : {};
  const left = new Set<string>();
  const read = value["data"].filter(isObject).flatMap((trace, at) => {
    const found = readTrace(trace, at);
    if (!found) left.add(text(trace["type"]) || "unnamed");
    return found ? [found] : [];
  });
  const xs = read.flatMap((trace) => trace.x);
  const dates = xs.length > 0 && xs.every((x) => typeof x === "string" && DATE.test(x));
  const numeric = xs.every((x) => typeof x === "number" || x === null);
  const categories = numeric || dates ? null : [...new Set(xs.map(String))];
  const index = new Map(categories?.map((name, at) => [name, at]));
  const place = (x: unknown) => (categories ? index.get(String(x))! : dates ? Date.parse(String(x)) : x === null ? NaN : Number(x));
  const traces = read.map((trace) => ({ ...trace, x: trace.x.map(place) }));
  const axis = (name: string) => (isObject(layout[name]) ? titled(layout[name]["title"]) : "");
  return { title: titled(layout["title"]), xTitle: axis("xaxis"), yTitle: axis("yaxis"), categories, dates, traces, left: [...left] };
}

function titled(said: unknown): string {
  return isObject(said) ? text(said["text"]) : text(said);
}

function readTrace(trace: Record<string, unknown>, at: number): (Omit<Trace, "x"> & { x: unknown[] }) | null {
  const type = text(trace["type"]) || "scatter";
  if (!["scatter", "scattergl", "bar"].includes(type) || trace["orientation"] === "h") return null;
  const y = values(trace["y"]);
  if (!y) return null;
  const x = values(trace["x"]) ?? y.map((_, index) => index);
  const count = Math.min(x.length, y.length, POINTS_MAX);
  const mode = text(trace["mode"]) || (count > 20 ? "lines" : "lines+markers");
  const [lines, markers] = [mode.includes("lines"), mode.includes("markers")];
  const kind = type === "bar" ? "bar" : lines && markers ? "both" : lines ? "line" : "points";
  const numbers = y.slice(0, count).map((one) => (one === null ? NaN : Number(one)));
  return { kind, name: text(trace["name"]) || `trace ${at}`, x: x.slice(0, count), y: numbers, colour: colourOf(trace) };
}

/** A plain colour of a trace. Anything else, such as a list of them, is ours to choose. */
function colourOf(trace: Record<string, unknown>): string | null {
  for (const part of ["line", "marker"]) {
    const colour = isObject(trace[part]) ? trace[part]["color"] : null;
    if (typeof colour === "string" && /^(#[0-9a-f]{3,8}|rgba?\([\d., ]+\)|[a-z]{3,20})$/i.test(colour)) return colour;
  }
  return null;
}

const ARRAYS: Record<string, new (buffer: ArrayBuffer) => ArrayLike<number>> = {
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  f4: Float32Array,
  f8: Float64Array,
};

/** A list, also where plotly packed it: `{dtype, bdata}`, base64 of little-endian numbers. */
function values(said: unknown): unknown[] | null {
  if (Array.isArray(said)) return said;
  if (!isObject(said) || typeof said["bdata"] !== "string") return null;
  const kind = ARRAYS[text(said["dtype"]).replace(/^[<|]/, "")];
  if (!kind || text(said["shape"]).includes(",")) return null;
  try {
    const raw = Uint8Array.from(atob(said["bdata"]), (char) => char.charCodeAt(0));
    return Array.from(new kind(raw.buffer));
  } catch {
    return null;
  }
}

/** Even places on an axis, at round numbers. */
export function ticks(low: number, high: number, about = 5): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [low];
  const rough = span / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((by) => by * power).find((one) => one >= rough) ?? rough;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, at) => (first + at) * step);
}

/** The least and the greatest of finite numbers, apart. */
export function extent(all: readonly number[], also: readonly number[] = []): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const list of [all, also]) {
    for (const one of list) {
      if (!Number.isFinite(one)) continue;
      if (one < low) low = one;
      if (one > high) high = one;
    }
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** Said under what is drawn. */
export function leftOut(left: readonly string[]): string {
  return left.length === 0 ? "" : `Not drawn: ${left.join(", ")}.`;
}
