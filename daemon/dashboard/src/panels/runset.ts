/**
 * What a run set says about the runs that its query found: which are shown, in
 * which colour, in which group. Pure.
 */
import type { RunItem } from "../api";
import { keyTitle, valueOf } from "./fields";
import { fields, finite, type GridSpec, type Json, type Key, type RunSetSpec } from "./spec";

/** A run as the panels of a grid show it. */
export interface ShownRun {
  run: RunItem;
  set: RunSetSpec;
  /** Its name, or its group's where the run set is grouped. */
  name: string;
  /** The colour that the report gives it, if it does. */
  color?: string;
  /** The key of its group; its own id where the run set is not grouped. */
  group: string;
}

/** The runs of a group, in their order. */
export interface Group {
  key: string;
  name: string;
  color?: string;
  runs: ShownRun[];
}

/** Whether a run set hides a run: `tree` names the hidden ones, or with `root` 0 the only ones shown. */
export function hides(set: RunSetSpec, run: string): boolean {
  const named = (set.selections?.tree ?? []).some((one) =>
    typeof one === "string" ? one === run : (one.children ?? []).includes(run),
  );
  return set.selections?.root === 0 ? !named : named;
}

/** A run set with a run shown or hidden. */
export function withShown(set: RunSetSpec, run: string, shown: boolean): RunSetSpec {
  const root = set.selections?.root ?? 1;
  const tree = (set.selections?.tree ?? []).filter((one) => one !== run);
  if ((root === 0) === shown) tree.push(run);
  return { ...set, selections: { ...set.selections, root, tree } };
}

/** The runs of one run set as its grid shows them. */
export function shownRuns(grid: GridSpec, set: RunSetSpec, runs: RunItem[]): ShownRun[] {
  const keys = set.grouping ?? [];
  return runs
    .filter((run) => !hides(set, run.run))
    .map((run) => {
      const own = colorOf(grid.customRunColors?.[run.run]);
      if (keys.length === 0) return { run, set, name: run.name ?? run.run, group: run.run, ...(own && { color: own }) };
      const color = colorOf(grid.customRunColors?.[groupColorKey(set, keys, run)]) ?? own;
      return { run, set, name: groupName(run, keys), group: groupOf(run, keys), ...(color && { color }) };
    });
}

/** What groups a run by these fields. */
export function groupOf(run: RunItem, keys: Key[]): string {
  return JSON.stringify(keys.map((key) => valueOf(run, key) ?? null));
}

/** `lr: 0.1, group: a` */
export function groupName(run: RunItem, keys: Key[]): string {
  return keys.map((key) => `${keyTitle(key)}: ${said(valueOf(run, key))}`).join(", ");
}

/** Runs by their groups, those first that come first. */
export function groups(runs: ShownRun[], keys?: Key[]): Group[] {
  const found = new Map<string, Group>();
  for (const one of runs) {
    const key = keys ? groupOf(one.run, keys) : one.group;
    const known = found.get(key);
    if (known) known.runs.push(one);
    else if (keys) found.set(key, { key, name: groupName(one.run, keys), runs: [one] });
    else found.set(key, { key, name: one.name, ...(one.color && { color: one.color }), runs: [one] });
  }
  return [...found.values()];
}

/** A colour as W&B writes it: a text, or an object with one. */
export function colorOf(value: Json): string | undefined {
  const text = typeof value === "object" && value !== null && !Array.isArray(value) ? value["color"] : value;
  return typeof text === "string" && /^(#[0-9a-f]{3,8}|rgba?\([\d\s.,%]+\))$/i.test(text) ? text : undefined;
}

/** The points of a gradient; `null` where none is said. */
export function gradientOf(value: Json): { color: string; offset: number }[] | null {
  if (!Array.isArray(value)) return null;
  const points = value.map(fields).flatMap((one) => {
    const color = colorOf(one["color"]);
    return color ? [{ color, offset: finite(one["offset"]) ?? 0 }] : [];
  });
  return points.length > 0 ? points : null;
}

/** `RUNSET-config:lr.value:0.1-group:a`, as W&B keys the colour of a group. */
function groupColorKey(set: RunSetSpec, keys: Key[], run: RunItem): string {
  const parts = keys.map((key) => `${key.section === "run" ? "" : `${key.section}:`}${key.name}:${said(valueOf(run, key))}`);
  return `${set.id ?? ""}-${parts.join("-")}`;
}

function said(value: Json): string {
  if (value === undefined || value === null) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
