/** What bar and scalar charts say: summaries of runs, one by one or in groups. Pure. */
import { runColor } from "../chart/colors";
import { groupKey, keyTitle, numberOf, parseKey } from "./fields";
import { aggregate, area } from "./plot";
import { colorOf, groups, type ShownRun } from "./runset";
import { fields, finite, text, texts, type Fields } from "./spec";

export interface Bar {
  key: string;
  name: string;
  value: number;
  /** How far the values of a group reach. */
  ends: [number, number] | null;
  color: string;
}

/** Bars of a chart whose config does not say how many. */
const BARS = 50;

/** One bar for each run or group, and each metric. */
export function bars(config: Fields, runs: ShownRun[]): { bars: Bar[]; left: number } {
  const metrics = texts(config["metrics"]);
  const by = text(config["groupBy"]);
  const keys = by && by !== "None" ? [groupKey(by)] : undefined;
  const limited = runs.slice(0, Math.max(1, finite(config["limit"]) ?? 1000));
  const found = groups(limited, keys).flatMap((group) =>
    metrics.flatMap((metric): Bar[] => {
      const values = group.runs.flatMap((one) => numberOf(one.run, parseKey(metric)) ?? []);
      const value = aggregate(values, text(config["groupAgg"]) ?? "mean");
      if (value === undefined) return [];
      const id = `${group.runs.length === 1 && !keys ? group.runs[0]!.run.run : group.key}:${metric}`;
      const name = metrics.length > 1 ? `${group.name} ${keyTitle(parseKey(metric))}` : group.name;
      const own = colorOf(fields(config["overrideColors"])[id]);
      // As in line plots: a group's colour is made from its name.
      const base = group.key === group.runs[0]!.run.run ? group.key : group.name;
      const color = own ?? (metrics.length > 1 ? runColor(`${base} ${metric}`) : (group.color ?? runColor(base)));
      return [{ key: id, name: text(fields(config["overrideSeriesTitles"])[id]) ?? name, value, ends: area(values, text(config["groupArea"])), color }];
    }),
  );
  const most = Math.max(1, finite(config["barLimit"]) ?? BARS);
  return { bars: found.slice(0, most), left: Math.max(0, found.length - most) };
}

/** The one number of a scalar chart, and of how many runs it is made. */
export function scalar(config: Fields, runs: ShownRun[]): { value: number; runs: number; how: string } | null {
  const [metric] = texts(config["metrics"]);
  if (metric === undefined) return null;
  const values = runs.flatMap((one) => numberOf(one.run, parseKey(metric)) ?? []);
  const how = text(config["groupAgg"]) ?? "mean";
  const value = aggregate(values, how);
  return value === undefined ? null : { value, runs: values.length, how };
}
