/** What parallel coordinates draw: a line for each run through an axis for each column. Pure. */
import { runColor } from "../chart/colors";
import { tick } from "../chart/ticks";
import { keyTitle, numberOf, parseKey, valueOf } from "./fields";
import { gradient, px, scale, ticks, type Scale } from "./plot";
import { gradientOf, type ShownRun } from "./runset";
import { fields, text, type Fields } from "./spec";

export interface Axis {
  title: string;
  x: number;
  labels: { y: number; text: string }[];
}

export interface Parallel {
  axes: Axis[];
  lines: { path: string; color: string; name: string; key: string }[];
}

const TOP = 30;
const BOTTOM = 12;

export function parallel(config: Fields, runs: ShownRun[], width: number, height: number): Parallel {
  const columns = (Array.isArray(config["columns"]) ? config["columns"] : []).map(fields).filter((one) => text(one["accessor"]));
  const step = columns.length > 1 ? (width - 120) / (columns.length - 1) : 0;
  const tracks = columns.map((column, at) => track(column, runs, 50 + at * step, height));
  const last = tracks.at(-1);
  const points = gradientOf(config["customGradient"]);
  const lines = runs.flatMap((one) => {
    const ys = tracks.map((way) => way.place(one));
    const known = ys.flatMap((y, at) => (y === null ? [] : [`${px(tracks[at]!.axis.x)} ${px(y)}`]));
    if (known.length < 2) return [];
    const end = ys.at(-1);
    const shade = points && last && end != null ? gradient(points, (height - BOTTOM - end) / (height - BOTTOM - TOP)) : undefined;
    const name = one.run.name ?? one.run.run;
    return [{ path: `M${known.join("L")}`, color: shade ?? one.color ?? runColor(one.run.run), name, key: `${one.run.project}/${one.run.run}` }];
  });
  return { axes: tracks.map((way) => way.axis), lines };
}

interface Track {
  axis: Axis;
  place: (run: ShownRun) => number | null;
}

/** A column is numbers where any run has one; else its texts, in even distances. */
function track(column: Fields, runs: ShownRun[], x: number, height: number): Track {
  const key = parseKey(text(column["accessor"])!);
  const title = text(column["displayName"]) ?? keyTitle(key);
  const pixels: [number, number] = column["inverted"] === true ? [TOP, height - BOTTOM] : [height - BOTTOM, TOP];
  const numbers = runs.flatMap((one) => numberOf(one.run, key) ?? []);
  if (numbers.length > 0) {
    const log = column["log"] === true && numbers.some((value) => value > 0);
    const of: Scale = scale(numbers, pixels, { log });
    const labels = ticks(of, 5).map((value) => ({ y: of.to(value), text: tick(value) }));
    const place = (one: ShownRun) => {
      const value = numberOf(one.run, key);
      return value === undefined || (log && value <= 0) ? null : of.to(value);
    };
    return { axis: { title, x, labels }, place };
  }
  const said = (one: ShownRun) => {
    const value = valueOf(one.run, key);
    return value == null ? null : typeof value === "string" ? value : JSON.stringify(value);
  };
  const names = [...new Set(runs.flatMap((one) => said(one) ?? []))].sort();
  const at = (name: string) => pixels[0] + ((pixels[1] - pixels[0]) * (names.indexOf(name) + 0.5)) / names.length;
  const labels = names.slice(0, 20).map((name) => ({ y: at(name), text: name.slice(0, 24) }));
  return { axis: { title, x, labels }, place: (one) => (said(one) === null ? null : at(said(one)!)) };
}
