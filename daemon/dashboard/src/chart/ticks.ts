/** How the values at an axis and in a tooltip are written. Pure. */
import type { Along } from "../api";
import { duration, number, time } from "../ui/format";

const BIG: [number, string][] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** A round number at an axis, short. */
export function tick(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e15) return value.toExponential().replace("e+", "e");
  const [unit, name] = BIG.find(([least]) => size >= least && size >= 1e4) ?? [1, ""];
  return `${Number((value / unit).toPrecision(6))}${name}`;
}

/** A value of x at an axis that is no time of day. */
export function xTick(along: Along, value: number): string {
  if (along !== "relative") return tick(value);
  return value < 60 && !Number.isInteger(value) ? `${Number(value.toPrecision(3))} s` : duration(value);
}

/** Whether a value at a logarithmic axis is worth a label: one digit and a power of ten. */
export function isRound(value: number): boolean {
  return Math.abs(Number(value.toPrecision(1)) / value - 1) < 1e-9;
}

const DAY_S = 86_400;
const HOUR_S = 3600;

/** Steps between durations at an axis, in seconds. */
export const DURATIONS = [
  ...[0.001, 0.01, 0.1, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800],
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_S),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((days) => days * DAY_S),
];

/** Times at an axis, in seconds since 1970: of day, with the date where it begins to hold; longer ranges by date. */
export function timeTicks(values: readonly number[]): string[] {
  const range = (values.at(-1) ?? 0) - (values[0] ?? 0);
  const date = (value: number) => new Date(value * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const short = range < 300;
  const clock = (value: number) =>
    new Date(value * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...(short && { second: "2-digit" }) });
  return values.map((value, at) => {
    if (range > 3 * DAY_S) return date(value);
    const other = at > 0 && date(values[at - 1]!) !== date(value);
    return other ? date(value) : clock(value);
  });
}

/** A value of x in full. */
export function xSaid(along: Along, value: number): string {
  if (along === "time") return time(value * 1e6);
  if (along === "relative") return duration(value, 3);
  return typeof along === "object" ? `${along.metric} ${number(value)}` : `step ${number(value)}`;
}
