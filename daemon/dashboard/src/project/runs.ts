/** The runs and the keys of a project, live: what was there stays while something newer loads. */
import { useRef } from "preact/hooks";

import { get, type Keys, type RunItem, type RunList } from "../api";
import { useLive } from "../live";
import { useData, type Loaded } from "../data";
import { both, byName, FilterError, parseFilter, type Mongo } from "./filter";

/** The most that one answer holds. */
const PAGE = 1000;

export interface RunsOf {
  entity: string;
  project: string;
  filter: Mongo | null;
  order: string | null;
  /** So many at most. */
  most: number;
}

export interface Runs {
  runs: RunItem[];
  total: number;
  more: boolean;
}

/** All of them, page by page. */
export async function loadRuns(of: RunsOf, signal?: AbortSignal): Promise<Runs> {
  const { entity, project, filter, order, most } = of;
  const filters = filter && JSON.stringify(filter);
  const runs: RunItem[] = [];
  for (;;) {
    const limit = Math.min(PAGE, most - runs.length);
    const page = await get<RunList>("/v1/runs", { entity, project, filters, order, offset: runs.length, limit }, signal);
    runs.push(...page.runs);
    const done = !page.more || page.runs.length === 0 || runs.length >= most;
    if (done) return { runs, total: page.total ?? runs.length, more: page.more };
  }
}

/** What was loaded before, until there is something newer. */
function useKept<T>(loaded: Loaded<T>): Loaded<T> {
  const kept = useRef<T | undefined>(undefined);
  if (loaded.data !== undefined) kept.current = loaded.data;
  return { ...loaded, data: loaded.data ?? kept.current };
}

/** The runs of a project that a filter lets through. */
export function useRuns(of: RunsOf): Loaded<Runs> {
  const loaded = useData((signal) => loadRuns(of, signal), [of]);
  useLive({ entity: of.entity, project: of.project }, (changed) => changed.runs.length > 0 || changed.sync, loaded.again);
  return useKept(loaded);
}

/** What the runs of a project have logged. */
export function useKeys(entity: string, project: string): Loaded<Keys> {
  const loaded = useData((signal) => get<Keys>("/v1/keys", { entity, project }, signal), [entity, project]);
  useLive({ entity, project }, (changed) => changed.runs.length > 0, loaded.again);
  return useKept(loaded);
}

/** The filter that box and search say; `null` for a box whose text is wrong. */
export function filterOf(box: string, search: string): Mongo | null {
  try {
    return both(parseFilter(box), byName(search));
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return byName(search);
  }
}
