/** The columns of the runs table, and how they are said in the URL. Pure. */
import { escape, unescape } from "../chart/compact";
import type { Keys } from "../api";

export interface Columns {
  /** The fields that are shown, in their order. */
  shown: string[];
  /** Those of them that stay in sight to the left. */
  pinned: string[];
  /** Widths that somebody chose, in pixels. */
  widths: Record<string, number>;
}

export const LEAST = 50;
const MOST = 900;
const OWN = ["name", "state", "sync", "created", "duration", "step", "tags"];
/** So many of config and of summary are shown where nobody chose. */
const SOME = 6;

const split = (text: string | null) => (text ? text.split(",").filter(Boolean) : []);

/** The columns that the URL's parameters say; some of each kind where they say none. */
export function readColumns(read: (name: string) => string | null, keys: Keys | undefined): Columns {
  const chosen = split(read("cols")).map(unescape);
  const config = (keys?.config ?? []).slice(0, SOME).map((key) => `config.${key}`);
  const summary = (keys?.summary ?? []).filter((key) => !key.startsWith("_")).slice(0, SOME);
  const shown = chosen.length > 0 ? chosen : [...OWN, ...config, ...summary.map((key) => `summary.${key}`)];
  const pin = read("pin");
  const pinned = pin === null ? ["name"] : split(pin).map(unescape);
  const widths: Record<string, number> = {};
  for (const one of split(read("w"))) {
    const [field, width] = one.split("~");
    const pixels = Number(width);
    if (field && Number.isFinite(pixels)) widths[unescape(field)] = bounded(pixels);
  }
  return { shown, pinned, widths };
}

/** The parameters; `none` as pinned says that nothing is. */
export function columnsQuery({ shown, pinned, widths }: Columns): Record<string, string | null> {
  const w = Object.entries(widths).map(([field, width]) => `${escape(field)}~${width}`);
  const pin = pinned.length === 1 && pinned[0] === "name" ? null : pinned.map(escape).join(",") || "none";
  return { cols: shown.map(escape).join(",") || null, pin, w: w.join(",") || null };
}

/** The shown columns, pinned ones first. */
export function inOrder({ shown, pinned }: Columns): string[] {
  return [...shown.filter((field) => pinned.includes(field)), ...shown.filter((field) => !pinned.includes(field))];
}

const USUAL: Record<string, number> = { name: 210, state: 90, sync: 96, created: 175, updated: 175, duration: 100, step: 92, tags: 130 };

export function widthOf(columns: Columns, field: string): number {
  return columns.widths[field] ?? USUAL[field] ?? 120;
}

export function bounded(width: number): number {
  return Math.round(Math.min(MOST, Math.max(LEAST, width)));
}

/** With a column shown or not. */
export function withShown(columns: Columns, field: string, shown: boolean): Columns {
  const others = columns.shown.filter((one) => one !== field);
  return { ...columns, shown: shown ? [...others, field] : others };
}

/** With a column pinned or not; a pinned one is shown. */
export function withPinned(columns: Columns, field: string, pin: boolean): Columns {
  const others = columns.pinned.filter((one) => one !== field);
  const shown = pin && !columns.shown.includes(field) ? [...columns.shown, field] : columns.shown;
  return { ...columns, shown, pinned: pin ? [...others, field] : others };
}

/** How far from the left each pinned column stands, after what is before them. */
export function offsets(columns: Columns, before: number): Record<string, number> {
  const found: Record<string, number> = {};
  let left = before;
  for (const field of inOrder(columns)) {
    if (!columns.pinned.includes(field)) break;
    found[field] = left;
    left += widthOf(columns, field);
  }
  return found;
}
