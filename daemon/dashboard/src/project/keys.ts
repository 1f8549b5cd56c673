/** Our names of fields of runs, and W&B's keys in saved workspaces. Pure. */
import { plainConfig } from "../panels/fields";
import type { Key } from "../panels/spec";

/** Our names of W&B's fields of runs. */
const OWN: Record<string, string> = {
  displayName: "name",
  name: "id",
  createdAt: "created",
  heartbeatAt: "updated",
  jobType: "job_type",
};

/** W&B's key of a field of ours, and back. */
export function keyOf(field: string): Key {
  if (field.startsWith("config.")) {
    const [first, ...rest] = field.slice(7).split(".");
    return { section: "config", name: [first, "value", ...rest].join(".") };
  }
  if (field.startsWith("summary.")) return { section: "summary", name: field.slice(8) };
  return { section: "run", name: Object.keys(OWN).find((name) => OWN[name] === field) ?? field };
}

export function fieldOf(key: Key): string {
  if (key.section === "config") return `config.${plainConfig(key.name)}`;
  if (key.section === "summary" || key.section === "keys_info") return `summary.${key.name}`;
  return Object.hasOwn(OWN, key.name) ? OWN[key.name]! : key.name;
}
