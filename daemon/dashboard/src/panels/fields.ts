/**
 * Fields of runs by the names that W&B gives them in panels, groupings and
 * orders, and their values in a run. Pure.
 */
import type { JsonValue, RunItem } from "../api";
import type { Key } from "./spec";

/** Names of a run's own attributes, as people read them. */
const TITLES: Record<string, string> = {
  name: "ID",
  displayName: "Name",
  state: "State",
  tags: "Tags",
  createdAt: "Created",
  heartbeatAt: "Updated",
  duration: "Runtime",
  username: "User",
  group: "Group",
  jobType: "Job type",
  notes: "Notes",
  _step: "Step",
  _runtime: "Relative time",
  _absolute_runtime: "Relative time",
  _timestamp: "Wall time",
};

const SECTIONS: Record<string, string> = { summary_metrics: "summary", c: "config" };

/** `summary:loss`, `config:lr.value`, `run:createdAt`, `c::lr`, `config.lr.value`, `summary_metrics.loss`. */
export function parseKey(name: string, otherwise = "summary"): Key {
  const colon = /^(c|config|summary|run|tags)::?(.+)$/s.exec(name);
  const dotted = /^(config|summary|summary_metrics|run)\.(.+)$/s.exec(name);
  const found = colon ?? dotted;
  if (!found) return { section: name in TITLES ? "run" : otherwise, name };
  return { section: SECTIONS[found[1]!] ?? found[1]!, name: found[2]! };
}

/** A panel's `groupBy`: a run's attribute, or a config key with its `.value`. */
export function groupKey(name: string): Key {
  return name in TITLES && !name.includes(".") ? { section: "run", name } : parseKey(name, "config");
}

/** A config key without W&B's `.value`, which stands in its envelope only. */
export function plainConfig(name: string): string {
  const parts = name.split(".");
  const at = parts.indexOf("value");
  return at > 0 ? parts.filter((_, other) => other !== at).join(".") : name;
}

/** How a field is named to people. */
export function keyTitle(key: Key): string {
  if (key.section === "config") return plainConfig(key.name);
  return key.section === "run" ? (TITLES[key.name] ?? key.name) : key.name;
}

/** The value of a field in a run; `undefined` where it has none. */
export function valueOf(run: RunItem, key: Key): JsonValue | undefined {
  if (key.section === "config") return at(run.config, key.name) ?? at(run.config, plainConfig(key.name));
  if (key.section === "summary" || key.section === "keys_info") return at(run.summary, key.name);
  return attribute(run, key.name) ?? at(run.summary, key.name);
}

/** A field as a number, where it is one. */
export function numberOf(run: RunItem, key: Key): number | undefined {
  const value = valueOf(run, key);
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function attribute(run: RunItem, name: string): JsonValue | undefined {
  switch (name) {
    case "name":
    case "id":
      return run.run;
    case "displayName":
      return run.name ?? run.run;
    case "state":
      return run.state;
    case "tags":
      return run.tags ?? [];
    case "group":
      return run.group;
    case "jobType":
      return run.job_type;
    case "notes":
      return run.notes;
    case "createdAt":
      return run.created_us / 1e6;
    case "heartbeatAt":
      return run.updated_us / 1e6;
    case "duration":
      return (run.updated_us - run.created_us) / 1e6;
    case "_step":
      return run.last_step ?? undefined;
    default:
      return undefined;
  }
}

/** Looks a dotted path up: a key may itself have dots. */
function at(of: { [key: string]: JsonValue }, path: string): JsonValue | undefined {
  if (Object.hasOwn(of, path)) return of[path];
  for (let dot = path.indexOf("."); dot >= 0; dot = path.indexOf(".", dot + 1)) {
    const head = path.slice(0, dot);
    const inner = Object.hasOwn(of, head) ? of[head] : undefined;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) continue;
    const found = at(inner, path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
