/** The runs of a grid's run sets, and the metrics of a project, live. */
import { useCallback, useEffect, useRef } from "preact/hooks";

import { get, type Changed, type Keys, type RunItem, type RunList } from "../api";
import { useData, type Loaded } from "../data";
import { useChanges } from "../events";
import { mongoOf, orderOf } from "./filters";
import type { RunSetSpec } from "./spec";

/** Runs of one run set at most. */
export const MOST = 200;

/** What the query of one run set found. */
export interface Found {
  runs: RunItem[];
  total: number;
}

/** Where the runs of a run set are. */
export function projectOf(set: RunSetSpec, here: { entity: string; project: string }): { entity: string; project: string } {
  return { entity: set.project?.entityName || here.entity, project: set.project?.name || here.project };
}

/** Asks for the runs of a run set. */
export async function findRuns(set: RunSetSpec, here: { entity: string; project: string }, abort?: AbortSignal): Promise<Found> {
  const filters = mongoOf(set);
  const said = Object.keys(filters).length > 0 ? JSON.stringify(filters) : null;
  const query = { ...projectOf(set, here), filters: said, order: orderOf(set), limit: MOST };
  const list = await get<RunList>("/v1/runs", query, abort);
  return { runs: list.runs, total: list.total ?? list.runs.length };
}

/** The runs of several run sets, in their order; asked again, not too often, while runs change. */
export function useRunSets(sets: RunSetSpec[], here: { entity: string; project: string }): Loaded<Found[]> {
  const asked = sets.map((set) => [set.project, set.search, set.filters, set.sort]);
  const loaded = useData((abort) => Promise.all(sets.map((set) => findRuns(set, here, abort))), [asked, here.entity, here.project]);
  const wait = useRef<ReturnType<typeof setTimeout>>(undefined);
  const { again } = loaded;
  const listen = useCallback(
    (changed: Changed) => {
      if (changed.runs.length === 0 || wait.current !== undefined) return;
      wait.current = setTimeout(() => {
        wait.current = undefined;
        again();
      }, 3000);
    },
    [again],
  );
  useEffect(() => () => clearTimeout(wait.current), []);
  useChanges(here, listen);
  return loaded;
}

const known = new Map<string, Promise<Keys>>();

/** What the runs of a project have logged: asked once for all who want it at about the same time. */
export function getKeys(entity: string, project: string): Promise<Keys> {
  const sign = JSON.stringify([entity, project]);
  const asked = known.get(sign) ?? get<Keys>("/v1/keys", { entity, project });
  if (!known.has(sign)) {
    known.set(sign, asked);
    const forget = () => known.delete(sign);
    // What is known now may be more later.
    asked.then(() => setTimeout(forget, 10_000), forget);
  }
  return asked;
}

/** The same for a component. */
export function useKeys(entity: string, project: string, when = true): Keys | undefined {
  const load = async () => (when ? getKeys(entity, project) : undefined);
  return useData<Keys | undefined>(load, [entity, project, when]).data;
}
