/** Nested values as lines of a tree, folded and searched. Pure. */
import type { JsonValue } from "../api";

export interface Line {
  /** The dotted path, which names it. */
  path: string;
  /** Its own key. */
  name: string;
  depth: number;
  /** How many it holds; `null` of a value. */
  holds: number | null;
  value: JsonValue;
}

/** Lists of plain values stay on one line up to this length. */
const SHORT = 120;

/** The lines of a tree. `open`: whether what is in a value is shown; a search shows all that is found. */
export function linesOf(value: { [key in string]?: JsonValue }, search: string, open: (path: string, value: JsonValue) => boolean): Line[] {
  const wanted = search.trim().toLowerCase();
  const out: Line[] = [];
  const walk = (name: string, path: string, one: JsonValue, depth: number, found: boolean): boolean => {
    const inner = inside(one);
    const hit = found || path.toLowerCase().includes(wanted) || (inner === null && short(one).toLowerCase().includes(wanted));
    const place = out.length;
    out.push({ path, name, depth, holds: inner?.length ?? null, value: one });
    let any = hit;
    if (inner && depth < 20 && (wanted !== "" || open(path, one))) {
      for (const [key, next] of inner) any = walk(key, `${path}.${key}`, next, depth + 1, hit && wanted !== "") || any;
    }
    if (!any) out.length = place;
    return any;
  };
  const keys = Object.keys(value).sort(compare);
  for (const key of keys) walk(key, key, value[key] ?? null, 0, false);
  return out;
}

/** Entries that are shown without being asked for. */
const OPEN_MAX = 40;

/** Whether a value is open at first: lists and W&B's media are many numbers that say little. */
export function opensItself(value: JsonValue): boolean {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  return !("_type" in value) && Object.keys(value).length <= OPEN_MAX;
}

const compare = new Intl.Collator("en", { numeric: true }).compare;

/** What a value holds; `null`: it is shown on its own line. */
function inside(value: JsonValue): [string, JsonValue][] | null {
  if (value === null || typeof value !== "object") return null;
  if (Array.isArray(value)) {
    const plain = value.every((one) => one === null || typeof one !== "object");
    if (value.length === 0 || (plain && JSON.stringify(value).length <= SHORT)) return null;
    return value.map((one, at) => [String(at), one]);
  }
  const entries = Object.entries(value);
  return entries.length > 0 ? entries : null;
}

/** A value as text. */
export function short(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
