/** Runs for tests. */
import type { RunItem } from "../api";
import type { ShownRun } from "./runset";

export function fakeRun(run: string, more: Partial<RunItem> = {}): RunItem {
  return {
    run,
    entity: "team",
    project: "demo",
    name: `name-${run}`,
    state: "finished",
    exit_code: 0,
    created_us: 1_000_000,
    updated_us: 61_000_000,
    last_step: 9,
    history_rows: 10,
    config: {},
    summary: {},
    metadata: {},
    definitions: [],
    dropped: 0,
    sync: { state: "here", remotes: {} },
    ...more,
  };
}

export function fakeShown(run: string, more: Partial<RunItem> = {}, shown: Partial<ShownRun> = {}): ShownRun {
  const item = fakeRun(run, more);
  return { run: item, set: {}, name: item.name ?? run, group: run, ...shown };
}
