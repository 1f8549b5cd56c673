/** Asks for series: what several panels want of the same runs and range within a frame is one request. */
import { post, type Along, type AskSeries, type SeriesList, type SeriesView } from "../api";

/** What one panel wants. */
export interface Want {
  entity: string;
  project: string;
  runs: readonly string[];
  keys: readonly string[];
  x: Along;
  from: number | null;
  to: number | null;
  buckets: number;
  system: boolean;
}

/** The server's bounds, and how many points one answer may hold so that the first panels are drawn early. */
const MOST_RUNS = 1000;
const MOST_KEYS = 100;
const MOST_LINES = 20_000;
const MOST_POINTS = 300_000;

interface Waiting {
  want: Want;
  done: (series: SeriesView[]) => void;
  failed: (error: unknown) => void;
}

let waiting: Waiting[] = [];

/** The series of what is wanted, in the order of runs, then keys. */
export function askSeries(want: Want): Promise<SeriesView[]> {
  return new Promise((done, failed) => {
    if (waiting.length === 0) setTimeout(flush, 8);
    waiting.push({ want, done, failed });
  });
}

function flush(): void {
  const groups = new Map<string, Waiting[]>();
  for (const one of waiting) {
    const { keys: _, ...same } = one.want;
    const sign = JSON.stringify(same);
    const group = groups.get(sign);
    if (group) group.push(one);
    else groups.set(sign, [one]);
  }
  waiting = [];
  for (const group of groups.values()) for (const part of parts(group)) void send(part);
}

/** Parts that one request can ask for. */
export function parts<T extends { want: Want }>(group: readonly T[]): T[][] {
  const all: T[][] = [];
  let keys = new Set<string>();
  for (const one of group) {
    const { runs, buckets } = one.want;
    const lines = Math.max(1, Math.min(runs.length, MOST_RUNS));
    const most = Math.max(1, Math.min(MOST_KEYS, Math.floor(MOST_LINES / lines), Math.floor(MOST_POINTS / (lines * buckets))));
    const both = new Set([...keys, ...one.want.keys]);
    if (all.length === 0 || both.size > most) {
      all.push([one]);
      keys = new Set(one.want.keys);
    } else {
      all.at(-1)!.push(one);
      keys = both;
    }
  }
  return all;
}

async function send(group: Waiting[]): Promise<void> {
  const { entity, project, runs, x, from, to, buckets, system } = group[0]!.want;
  const keys = [...new Set(group.flatMap((one) => one.want.keys))];
  const asked: AskSeries = { entity, project, runs: runs.slice(0, MOST_RUNS), keys, x, buckets, system };
  if (from !== null) asked.from = from;
  if (to !== null) asked.to = to;
  try {
    const { series } = await post<SeriesList>("/v1/series", asked);
    for (const { want, done } of group) done(series.filter((one) => want.keys.includes(one.key)));
  } catch (error) {
    for (const { failed } of group) failed(error);
  }
}
