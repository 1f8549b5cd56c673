/** The fields of a run that lists show, sort and group by: its own, `config.KEY` and `summary.KEY`. Pure. */
import type { Keys, RunItem } from "../api";
import { runtime } from "../run/facts";
import { duration, number, time } from "../ui/format";
import { mongoField } from "./filter";

/** Fields that every run has, and how a column is titled. */
export const OWN: Record<string, string> = {
  name: "Name",
  state: "State",
  sync: "Sync",
  created: "Created",
  updated: "Last change",
  duration: "Duration",
  step: "Last step",
  tags: "Tags",
  group: "Group",
  job_type: "Job type",
  notes: "Notes",
  id: "Id",
};

/** Fields that the server can sort by; of `config` and `summary` all. */
const SORTED = new Set(["name", "state", "created", "updated", "duration", "group", "job_type", "id"]);

/** What a run has there; of nested configs by dots. */
export function valueOf(run: RunItem, field: string): unknown {
  if (field.startsWith("config.")) return nested(run.config, field.slice(7));
  if (field.startsWith("summary.")) return nested(run.summary, field.slice(8));
  switch (field) {
    case "name":
      return run.name || run.run;
    case "state":
      return run.state;
    case "sync":
      return run.sync.state;
    case "created":
      return run.created_us;
    case "updated":
      return run.updated_us;
    case "duration":
      return runtime(run);
    case "step":
      return run.last_step;
    case "tags":
      return run.tags ?? [];
    case "id":
      return run.run;
    case "group":
    case "job_type":
    case "notes":
      return run[field] ?? null;
    default:
      return undefined;
  }
}

function nested(of: Record<string, unknown>, key: string): unknown {
  // A key that has dots of its own comes before a path.
  if (Object.hasOwn(of, key)) return of[key];
  let at: unknown = of;
  for (const part of key.split(".")) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

/** A value as a cell says it. */
export function said(field: string, value: unknown): string {
  if (value == null || value === "") return "–";
  if (field === "created" || field === "updated") return time(value as number);
  if (field === "duration") return duration(value as number);
  if (Array.isArray(value) && field === "tags") return value.join(", ") || "–";
  return typeof value === "object" ? JSON.stringify(value) : number(value);
}

export function titleOf(field: string): string {
  return Object.hasOwn(OWN, field) ? OWN[field]! : field.replace(/^(config|summary)\./, "");
}

/** All fields of a project's runs. */
export function fieldsOf(keys: Keys | undefined): string[] {
  const config = (keys?.config ?? []).map((key) => `config.${key}`);
  return [...Object.keys(OWN), ...config, ...(keys?.summary ?? []).map((key) => `summary.${key}`)];
}

/** Whether lists can be sorted by it. */
export function sortable(field: string): boolean {
  return SORTED.has(field) || field.startsWith("config.") || field.startsWith("summary.");
}

/** The order as the server has it, of a field with `-` before it for the greatest first. */
export function orderOf(sort: string): string | null {
  const field = sort.replace(/^[-+]/, "");
  const name = sortable(field) ? mongoField(field) : undefined;
  return name ? `${sort.startsWith("-") ? "-" : "+"}${name}` : null;
}

/** What runs can be grouped by. */
export function groupable(keys: Keys | undefined): string[] {
  const own = ["group", "job_type", "tags", "state"];
  return [...own, ...fieldsOf(keys).filter((field) => field.startsWith("config.") || field.startsWith("summary."))];
}

/** The label of a run's group: the values of all fields that it is grouped by. */
export function labelOf(run: RunItem, by: readonly string[]): string {
  return by.map((field) => `${titleOf(field)}: ${said(field, valueOf(run, field))}`).join(", ");
}

/** Groups in the order in which their first run comes. */
export function groupsOf(runs: readonly RunItem[], by: readonly string[]): { label: string; runs: RunItem[] }[] {
  const groups = new Map<string, RunItem[]>();
  for (const run of runs) {
    const label = labelOf(run, by);
    const group = groups.get(label);
    if (group) group.push(run);
    else groups.set(label, [run]);
  }
  return [...groups].map(([label, members]) => ({ label, runs: members }));
}
