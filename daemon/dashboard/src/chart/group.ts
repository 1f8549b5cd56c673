/** Several runs as one line: their mean, with a band from the least to the greatest, or as said. Pure. */
import type { SeriesView } from "../api";

/** Points of a line that many runs make. */
const MOST = 400;

/** What is made of the values of a group's runs at one x. */
export interface How {
  /** Of the line; the mean, where nothing is said. */
  middle?: (values: number[]) => number;
  /** Of the band, `null` for none; the extremes of all buckets, where nothing is said. */
  ends?: (values: number[]) => [number, number] | null;
}

/** One series for each group and key, named by the group's label in place of the run. `null`: in no group. */
export function grouped(series: readonly SeriesView[], label: (run: string) => string | null, how: How = {}): SeriesView[] {
  const groups = new Map<string, SeriesView[]>();
  for (const one of series) {
    const name = label(one.run);
    if (name === null) continue;
    const sign = JSON.stringify([name, one.key]);
    const group = groups.get(sign);
    if (group) group.push(one);
    else groups.set(sign, [one]);
  }
  return [...groups].map(([sign, group]) => merged((JSON.parse(sign) as string[])[0]!, group, how));
}

function merged(label: string, group: readonly SeriesView[], how: How): SeriesView {
  const x = grid(group);
  const readers = group.map(reader);
  const found = x.map((at) => readers.flatMap((read) => read(at) ?? []));
  const values = found.map((here) => here.map((one) => one.y));
  const y = values.map((here) => (here.length > 0 ? (how.middle ?? mean)(here) : null));
  const ends = how.ends
    ? values.map((here) => (here.length > 0 ? how.ends!(here) : null))
    : found.map((here) => [least(here.map((one) => one.min)), greatest(here.map((one) => one.max))] as const);
  const [min, max] = [ends.map((both, at) => both?.[0] ?? y[at]!), ends.map((both, at) => both?.[1] ?? y[at]!)];
  const points = group.reduce((all, one) => all + one.points, 0);
  return { run: label, key: group[0]!.key, x, y, min, max, points };
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const least = (values: number[]) => (values.length > 0 ? values.reduce((a, b) => Math.min(a, b)) : null);
const greatest = (values: number[]) => (values.length > 0 ? values.reduce((a, b) => Math.max(a, b)) : null);

/** The places of x that are looked at: all there are, or so many in even distances. */
function grid(group: readonly SeriesView[]): number[] {
  const all = [...new Set(group.flatMap((one) => one.x))].sort((a, b) => a - b);
  if (all.length <= MOST) return all;
  const [first, last] = [all[0]!, all.at(-1)!];
  return Array.from({ length: MOST }, (_, at) => first + ((last - first) * at) / (MOST - 1));
}

/** Reads a series at ascending places of x, between its points along straight lines, and nothing beyond its ends. */
function reader(one: SeriesView): (x: number) => { y: number; min: number; max: number } | null {
  const kept = one.x.map((_, at) => at).filter((at) => one.y[at] !== null);
  let next = 0;
  return (x) => {
    while (next < kept.length && one.x[kept[next]!]! < x) next += 1;
    if (next === kept.length) return null;
    const after = kept[next]!;
    const before = one.x[after] === x ? after : kept[next - 1];
    if (before === undefined) return null;
    const width = one.x[after]! - one.x[before]!;
    const share = width > 0 ? (x - one.x[before]!) / width : 0;
    const y = one.y[before]! + (one.y[after]! - one.y[before]!) * share;
    const ends = (of: (number | null)[] | undefined) => [of?.[before] ?? y, of?.[after] ?? y] as const;
    // Between two buckets the extremes of both may be there.
    return { y, min: Math.min(y, ...ends(one.min)), max: Math.max(y, ...ends(one.max)) };
  };
}
