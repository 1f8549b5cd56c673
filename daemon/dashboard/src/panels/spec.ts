/**
 * W&B's JSON of panels and run sets, as far as it is read here. Fields that are
 * not named stay as they are: nothing here writes a spec.
 */
import type { JsonValue } from "../api";

export type Json = JsonValue | undefined;

/** A JSON object whose fields are looked at one by one. */
export type Fields = { [key: string]: Json };

/** Where a panel stands on a grid of 24 columns. */
export interface Layout {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** One panel: `config` differs by `viewType`. */
export interface PanelSpec {
  __id__?: string;
  layout?: Partial<Layout>;
  viewType?: string;
  config?: Fields;
}

/** A field of a run as W&B names it: `{section: "config", name: "lr.value"}`. */
export interface Key {
  section: string;
  name: string;
}

/** One condition, a group of them, or W&B's older tree of both. */
export interface FilterItem {
  key?: Key;
  op?: string;
  value?: JsonValue;
  disabled?: boolean;
  connector?: string;
  filters?: FilterItem[];
}

/** Which runs of which project, in which order and groups. */
export interface RunSetSpec {
  id?: string;
  name?: string;
  enabled?: boolean;
  project?: { name?: string; entityName?: string; id?: JsonValue } | null;
  search?: { query?: string; isRegex?: boolean };
  filters?: FilterItem & { filterFormat?: string };
  grouping?: Key[];
  sort?: { keys?: { key: Key; ascending?: boolean }[] };
  selections?: { root?: number; tree?: (string | { children?: string[] })[] };
  [more: string]: unknown;
}

/** What a `panel-grid` block shows. */
export interface GridSpec {
  openRunSet?: number | null;
  runSets?: RunSetSpec[];
  hideRunSets?: boolean;
  panelBankSectionConfig?: { panels?: PanelSpec[]; [more: string]: unknown };
  customRunColors?: { [key: string]: Json };
  [more: string]: unknown;
}

/** W&B's names of the kinds of panels that are drawn here. */
export const VIEW = {
  line: "Run History Line Plot",
  scatter: "Scatter Plot",
  bar: "Bar Chart",
  scalar: "Scalar Chart",
  media: "Media Browser",
  comparer: "Run Comparer",
  parallel: "Parallel Coordinates Plot",
  markdown: "Markdown Panel",
} as const;

const KEPT: Record<string, string> = {
  Vega2: "Custom chart (Vega)",
  Vega: "Custom chart (Vega)",
  Weave: "Weave panel",
  "Weave Trace": "Weave panel",
  "Code Comparer": "Code comparer",
  "Parameter Importance": "Parameter importance",
};

/** What is said in the place of a panel that cannot be drawn. */
export function notDrawn(viewType: string | undefined): string {
  const name = KEPT[viewType ?? ""] ?? (viewType ? `Panel “${viewType}”` : "A panel without a kind");
  return `${name} is kept, and not drawn here`;
}

export function text(value: Json): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function finite(value: Json): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function texts(value: Json): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

export function fields(value: Json): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
