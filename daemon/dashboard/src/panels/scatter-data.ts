/** What a scatter plot draws. Pure. */
import { runColor } from "../chart/colors";
import { keyTitle, numberOf, parseKey } from "./fields";
import { gradient, px, regression, scale, ticks, type Scale } from "./plot";
import { gradientOf, type ShownRun } from "./runset";
import { finite, text, type Fields } from "./spec";

export interface Dot {
  x: number;
  y: number;
  color: string;
  name: string;
  run: ShownRun;
  values: [number, number];
}

export interface Scatter {
  titles: { x: string; y: string };
  dots: Dot[];
  x: Scale;
  y: Scale;
  xTicks: number[];
  yTicks: number[];
  /** Straight lines: the regression, and W&B's lines of the least, greatest and mean y so far. */
  lines: { path: string; title: string }[];
}

/** Room for the labels of the axes. */
export const EDGE = { left: 52, right: 12, top: 8, bottom: 34 };

/** The dots within a box of so many pixels; `null` where the axes are not said. */
export function scatter(config: Fields, runs: ShownRun[], width: number, height: number): Scatter | null {
  const [nameX, nameY, nameZ] = [text(config["xAxis"]), text(config["yAxis"]), text(config["zAxis"])];
  if (!nameX || !nameY) return null;
  const [keyX, keyY, keyZ] = [parseKey(nameX), parseKey(nameY), nameZ ? parseKey(nameZ) : null];
  const [logX, logY] = [config["xAxisLogScale"] === true, config["yAxisLogScale"] === true];
  const found = runs.flatMap((one) => {
    const [x, y] = [numberOf(one.run, keyX), numberOf(one.run, keyY)];
    if (x === undefined || y === undefined || (logX && x <= 0) || (logY && y <= 0)) return [];
    return [{ one, x, y, z: keyZ ? numberOf(one.run, keyZ) : undefined }];
  });
  const ends = (axis: string) => ({ min: finite(config[`${axis}AxisMin`]), max: finite(config[`${axis}AxisMax`]) });
  const x = scale(found.map((one) => one.x), [EDGE.left, width - EDGE.right], { log: logX, air: 0.05, ...ends("x") });
  const y = scale(found.map((one) => one.y), [height - EDGE.bottom, EDGE.top], { log: logY, air: 0.05, ...ends("y") });
  const shade = colors(config, found.map((one) => one.z));
  const dots = found
    .filter((one) => one.x >= x.least && one.x <= x.most && one.y >= y.least && one.y <= y.most)
    .map(({ one, x: vx, y: vy, z }): Dot => {
      const color = shade(z) ?? one.color ?? runColor(one.run.run);
      return { x: x.to(vx), y: y.to(vy), color, name: one.run.name ?? one.run.run, run: one, values: [vx, vy] };
    });
  const values = found.map((one): [number, number] => [one.x, one.y]);
  return { titles: { x: keyTitle(keyX), y: keyTitle(keyY) }, dots, x, y, xTicks: ticks(x, width / 90), yTicks: ticks(y, height / 50), lines: linesOf(config, values, x, y) };
}

/** The colour by z: along the gradient, from blue to red where none is said. */
function colors(config: Fields, values: (number | undefined)[]): (z: number | undefined) => string | undefined {
  const known = values.filter((one): one is number => one !== undefined);
  if (known.length === 0) return () => undefined;
  const points = gradientOf(config["customGradient"]) ?? [{ color: "#3b6fd4", offset: 0 }, { color: "#d43b3b", offset: 100 }];
  const log = config["zAxisLogScale"] === true;
  const z = scale(known, [0, 1], { log, min: finite(config["zAxisMin"]), max: finite(config["zAxisMax"]) });
  return (value) => (value === undefined ? undefined : gradient(points, Math.min(1, Math.max(0, z.to(value)))));
}

function linesOf(config: Fields, values: [number, number][], x: Scale, y: Scale): { path: string; title: string }[] {
  const lines: { path: string; title: string }[] = [];
  const fit = config["showLinearRegression"] === true ? regression(values) : null;
  if (fit) {
    const points = Array.from({ length: 33 }, (_, at): [number, number] => {
      const value = x.log ? x.least * (x.most / x.least) ** (at / 32) : x.least + ((x.most - x.least) * at) / 32;
      return [value, fit.slope * value + fit.offset];
    });
    lines.push({ path: pathOf(points, x, y), title: "Linear regression" });
  }
  const sorted = [...values].sort((a, b) => a[0] - b[0]);
  for (const [field, title, next] of RUNNING) {
    if (config[field] !== true) continue;
    let so = NaN;
    lines.push({ title, path: pathOf(sorted.map(([at, value], index) => [at, (so = index === 0 ? value : next(so, value, index))]), x, y) });
  }
  return lines;
}

const RUNNING: [string, string, (so: number, value: number, index: number) => number][] = [
  ["showMinYAxisLine", "Least so far", Math.min],
  ["showMaxYAxisLine", "Greatest so far", Math.max],
  ["showAvgYAxisLine", "Mean so far", (so, value, index) => so + (value - so) / (index + 1)],
];

function pathOf(points: [number, number][], x: Scale, y: Scale): string {
  const inside = points.filter(([, value]) => value >= y.least && value <= y.most);
  return inside.map(([a, b], at) => `${at === 0 ? "M" : "L"}${px(x.to(a))} ${px(y.to(b))}`).join("");
}
