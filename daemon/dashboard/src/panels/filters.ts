/**
 * W&B's filters, searches and orders of run sets as `GET /v1/runs` takes them:
 * MongoDB's JSON and names of fields. Pure.
 */
import type { JsonValue } from "../api";
import { plainConfig } from "./fields";
import type { FilterItem, Key, RunSetSpec } from "./spec";

/** A filter in MongoDB's words; `{}` lets every run pass. */
export type Mongo = { [key: string]: JsonValue };

const OPS: Record<string, string> = {
  "!=": "$ne",
  "<": "$lt",
  "<=": "$lte",
  ">": "$gt",
  ">=": "$gte",
  IN: "$in",
  NIN: "$nin",
};

/** The operators that a condition can have, with their words. */
export const OPERATORS: [string, string][] = [
  ["=", "is"],
  ["!=", "is not"],
  ["<=", "at most"],
  [">=", "at least"],
  ["IN", "is one of"],
  ["NIN", "is none of"],
  ["WITHINSECONDS", "in the last seconds"],
];

/** The name of a field in `filters` and `order`. */
export function serverName(key: Key): string {
  switch (key.section) {
    case "config":
      return `config.${plainConfig(key.name)}`;
    case "summary":
    case "keys_info":
      return `summary_metrics.${key.name}`;
    case "tags":
      return "tags";
    default:
      return { createdAt: "created_at", displayName: "display_name" }[key.name] ?? key.name;
  }
}

/** All that says which runs are in a run set. `now`: milliseconds since 1970. */
export function mongoOf(set: RunSetSpec, now = Date.now()): Mongo {
  const parts = [ofSearch(set), set.filters ? ofItem(set.filters, now) : {}].filter(says);
  return joined("$and", parts);
}

/** The names that a run set is sorted by, for `order=`: `-` before those that go down. */
export function orderOf(set: RunSetSpec): string {
  const keys = (set.sort?.keys ?? []).filter((one) => one.key?.name);
  return keys.map((one) => `${one.ascending ? "+" : "-"}${serverName(one.key)}`).join(",");
}

function ofSearch(set: RunSetSpec): Mongo {
  const query = set.search?.query ?? "";
  if (query === "") return {};
  const pattern = set.search?.isRegex ? query : `(?i)${query.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}`;
  return { display_name: { $regex: pattern } };
}

function ofItem(item: FilterItem, now: number): Mongo {
  if (item.disabled) return {};
  if (!item.filters) return item.key?.name ? ofCondition(item.key, item.op ?? "=", item.value ?? null, now) : {};
  // A list without connectors is the older tree, whose operator stands above.
  const above = item.op === "OR" ? "OR" : "AND";
  return ofList(item.filters, above, now);
}

/** As everywhere, AND binds tighter than OR. */
function ofList(items: FilterItem[], otherwise: string, now: number): Mongo {
  const groups: Mongo[][] = [];
  for (const item of items) {
    const part = ofItem(item, now);
    if (!says(part)) continue;
    const or = (item.connector ?? otherwise).toUpperCase() === "OR";
    if (groups.length === 0 || or) groups.push([part]);
    else groups.at(-1)!.push(part);
  }
  return joined("$or", groups.map((group) => joined("$and", group)));
}

function ofCondition(key: Key, op: string, value: JsonValue, now: number): Mongo {
  const name = serverName(key);
  if (key.section === "tags" && key.name !== "tags" && key.name !== "") {
    return { tags: value === false || op === "!=" ? { $ne: key.name } : key.name };
  }
  if (op === "WITHINSECONDS") return { [name]: { $gte: new Date(now - Number(value) * 1000).toISOString() } };
  const said = OPS[op];
  if (!said) return { [name]: value };
  const list = said === "$in" || said === "$nin";
  return { [name]: { [said]: list && !Array.isArray(value) ? [value] : value } };
}

function says(part: Mongo): boolean {
  return Object.keys(part).length > 0;
}

function joined(how: "$and" | "$or", parts: Mongo[]): Mongo {
  return parts.length <= 1 ? (parts[0] ?? {}) : { [how]: parts };
}
