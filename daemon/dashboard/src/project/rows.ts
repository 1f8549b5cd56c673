/** The rows of the runs list: runs, or groups with their runs beneath when unfolded. Pure. */
import type { RunItem } from "../api";
import { groupsOf } from "./fields";

export type Row =
  | { kind: "run"; run: RunItem; inGroup: boolean }
  | { kind: "group"; label: string; runs: RunItem[]; open: boolean };

/** `unfolded`: labels of groups whose runs are listed. */
export function rowsOf(runs: readonly RunItem[], by: readonly string[], unfolded: ReadonlySet<string>): Row[] {
  if (by.length === 0) return runs.map((run) => ({ kind: "run", run, inGroup: false }));
  return groupsOf(runs, by).flatMap(({ label, runs: members }): Row[] => {
    const open = unfolded.has(label);
    const group: Row = { kind: "group", label, runs: members, open };
    return open ? [group, ...members.map((run): Row => ({ kind: "run", run, inGroup: true }))] : [group];
  });
}
