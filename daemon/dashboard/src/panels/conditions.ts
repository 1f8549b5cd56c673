/** The conditions of a run set's filter as a form has them, one under the other. Pure. */
import type { Json, FilterItem, RunSetSpec } from "./spec";

/** One condition, or a group of them, which the form leaves as it is. */
export type Condition = FilterItem;

/** The list of a filter; W&B's older tree as one, where it is as simple as a list. */
export function conditions(filters: RunSetSpec["filters"]): Condition[] {
  if (!filters) return [];
  if (filters.filterFormat !== undefined) return filters.filters ?? [];
  const tree = filters as FilterItem;
  if (tree.key) return [tree];
  const children = tree.filters ?? [];
  if (children.length === 1 && children[0]!.filters) return conditions(children[0] as RunSetSpec["filters"]);
  const connector = tree.op === "OR" ? "OR" : "AND";
  return children
    .map((child) => (child.filters ? { filters: conditions(child as RunSetSpec["filters"]) } : child))
    .filter((child) => child.key || child.filters?.length)
    .map((child, at) => (at === 0 ? child : { ...child, connector }));
}

/** The filter of a list, as W&B writes it now. */
export function filtersOf(all: Condition[]): NonNullable<RunSetSpec["filters"]> {
  const filters = all.map((one, at) => {
    const { connector, ...others } = one;
    return at === 0 ? others : { ...others, connector: connector ?? "AND" };
  });
  return { filterFormat: "filterV2", filters };
}

/** A value as it is typed: lists with commas, texts that look like numbers in quotes. */
export function valueSaid(value: Json): string {
  if (Array.isArray(value)) return value.map(valueSaid).join(", ");
  if (typeof value !== "string") return value === undefined ? "" : JSON.stringify(value);
  return parsed(value) === value && !value.includes(",") ? value : JSON.stringify(value);
}

/** What somebody typed. */
export function valueOfText(text: string, op = "="): NonNullable<Json> | null {
  if (op !== "IN" && op !== "NIN") return parsed(text.trim());
  const parts = text.match(/\s*"(?:[^"\\]|\\.)*"|[^,]+/g) ?? [];
  return parts.map((part) => parsed(part.trim())).filter((part) => part !== "");
}

function parsed(text: string): string | number | boolean | null {
  if (!/^(?:-?\d|"|true$|false$|null$)/.test(text)) return text;
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? text : (value as string | number | boolean | null);
  } catch {
    return text;
  }
}
