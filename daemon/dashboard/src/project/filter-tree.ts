/** A filter in Mongo's form as the tree that W&B's saved workspaces have. Pure. */
import type { JsonValue } from "../api";
import type { FilterItem, Key } from "../panels/spec";
import type { Mongo } from "./filter";
import { keyOf } from "./keys";

const OPS: Record<string, string> = { $ne: "!=", $lt: "<", $lte: "<=", $gt: ">", $gte: ">=", $in: "IN", $nin: "NIN" };

/** The tree; `null` where W&B's trees cannot say it, as with regular expressions. */
export function filterTree(filter: Mongo | null): FilterItem | null {
  const items = filter ? all(filter) : [];
  if (!items) return null;
  // W&B's app expects a list of alternatives, each a list of conditions.
  const [only] = items;
  if (items.length === 1 && only!.op === "OR") return only!;
  return { op: "OR", filters: [{ op: "AND", filters: items }] };
}

/** Conditions that must all hold. */
function all(filter: Mongo): FilterItem[] | null {
  const found: FilterItem[] = [];
  for (const [name, value] of Object.entries(filter)) {
    const item = name === "$and" || name === "$or" ? group(name, value) : condition(name, value);
    if (!item) return null;
    found.push(...(item.op === "AND" ? item.filters! : [item]));
  }
  return found;
}

function group(name: "$and" | "$or", value: unknown): FilterItem | null {
  if (!Array.isArray(value)) return null;
  const parts = value.map((one) => all(one as Mongo));
  if (parts.some((part) => part === null)) return null;
  if (name === "$and") return { op: "AND", filters: parts.flatMap((part) => part!) };
  return { op: "OR", filters: parts.map((part) => ({ op: "AND", filters: part! })) };
}

function condition(name: string, value: unknown): FilterItem | null {
  if (name.startsWith("$")) return null;
  const key = keyOfServer(name);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { key, op: "=", value: value as JsonValue };
  const items = Object.entries(value).map(([operator, operand]) => {
    const op = Object.hasOwn(OPS, operator) ? OPS[operator] : undefined;
    return op ? { key, op, value: operand as JsonValue } : null;
  });
  if (items.length === 0 || items.includes(null)) return null;
  return items.length === 1 ? items[0]! : { op: "AND", filters: items.map((item) => item!) };
}

function keyOfServer(name: string): Key {
  if (name.startsWith("config.")) return keyOf(name);
  const summary = /^(?:summary|summary_metrics)\.(.+)$/s.exec(name)?.[1];
  if (summary) return { section: "summary", name: summary };
  const own: Record<string, string> = { display_name: "displayName", created_at: "createdAt", updatedAt: "heartbeatAt" };
  return { section: "run", name: own[name] ?? name };
}
