/**
 * A workspace as it is saved: W&B's JSON of one, with the view as our URL has it
 * beside, so that what W&B has no words for comes back too. Pure.
 */
import type { LineOptions } from "../chart/options";
import { mongoOf } from "../panels/filters";
import { alongName, alongOf } from "../panels/line-options";
import { fields, finite, text, VIEW, type Fields, type FilterItem, type Json, type PanelSpec, type RunSetSpec } from "../panels/spec";
import { parseFilter } from "./filter";
import { filterTree } from "./filter-tree";
import { fieldOf, keyOf } from "./keys";
import type { Section } from "./sections";
import { FRESH, fromQuery, toQuery, type View } from "./view";

export interface SavedSection {
  name: string;
  isOpen: boolean;
  panels: PanelSpec[];
}

/** A saved workspace, read. */
export interface SavedView {
  /** The runs' side of it: filter, order, groups, settings of all charts. */
  view: View;
  /** Whether its panels are those that we make by ourselves. */
  ours: boolean;
  sections: SavedSection[];
  /** W&B's run set, for the colours and names that its panels use. */
  runSet: RunSetSpec;
  colors: Fields;
}

/** A workspace as JSON text. `options`: the settings of a panel by its key. */
export function toSpec(view: View, sections: readonly Section[], options: (key: string) => Partial<LineOptions>): string {
  const saved = sections.map((section) => ({
    __id__: section.name,
    name: section.name,
    isOpen: !view.folded.includes(section.name),
    type: "flow",
    sorted: 0,
    panels: section.panels.filter((panel) => panel.kind !== "system").map((panel) =>
      panel.kind === "media"
        ? { __id__: panel.key, viewType: VIEW.media, config: { mediaKeys: [panel.key] } }
        : { __id__: panel.key, viewType: VIEW.line, config: lineConfig(panel.key, options(panel.key)) },
    ),
  }));
  const query = Object.fromEntries(Object.entries(toQuery({ ...view, saved: "" })).filter(([, value]) => value !== null));
  return JSON.stringify({
    section: {
      panelBankConfig: { state: 1, settings: { autoOrganizePrefix: 1 }, sections: saved },
      panelBankSectionConfig: { name: "Charts", isOpen: true, panels: [] },
      customRunColors: {},
      name: "",
      runSets: [runSet(view)],
      settings: { xAxis: alongName(view.all.x ?? "step"), ignoreOutliers: view.all.clip ?? false },
      openRunSet: 0,
      openViz: true,
    },
    pannier: { query },
  });
}

function lineConfig(key: string, options: Partial<LineOptions>): Fields {
  const { smoothing } = options;
  const all: Fields = {
    metrics: [key],
    xAxis: alongName(options.x ?? "step"),
    ...(smoothing && { smoothingWeight: smoothing.amount, smoothingType: smoothing.kind === "ema" ? "exponential" : smoothing.kind }),
    showOriginalAfterSmoothing: options.original,
    xLogScale: options.logX,
    yLogScale: options.logY,
    ignoreOutliers: options.clip,
    xAxisMin: options.xMin,
    xAxisMax: options.xMax,
    yAxisMin: options.yMin,
    yAxisMax: options.yMax,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value != null));
}

function runSet(view: View): RunSetSpec {
  const sort = { key: keyOf(view.sort.replace(/^[-+]/, "")), ascending: !view.sort.startsWith("-") };
  return {
    enabled: true,
    name: "Run set",
    search: { query: view.search, isRegex: true },
    filters: filtersOf(view.filter),
    grouping: view.group.map(keyOf),
    sort: { keys: [sort] },
    selections: { root: view.eyes.open ? 1 : 0, tree: view.eyes.except },
  };
}

/** For W&B's clients; our own words for it are beside. */
function filtersOf(filter: string): FilterItem {
  const none: FilterItem = { op: "OR", filters: [{ op: "AND", filters: [] }] };
  try {
    return filterTree(parseFilter(filter)) ?? none;
  } catch {
    return none;
  }
}

/** Reads a workspace, ours or W&B's. Throws where it is no JSON. */
export function readSpec(spec: string, id: string): SavedView {
  const whole = fields(JSON.parse(spec));
  const section = fields(whole["section"]);
  const query = fields(fields(whole["pannier"])["query"]);
  const ours = whole["pannier"] !== undefined;
  const set = fields(list(section["runSets"])[finite(section["openRunSet"]) ?? 0]) as RunSetSpec;
  const view = ours ? fromQuery((name) => text(query[name]) ?? null) : { ...fromRunSet(set), all: fromSettings(fields(section["settings"])) };
  const bank = fields(section["panelBankConfig"]);
  return {
    view: { ...view, saved: id },
    ours,
    sections: list(bank["sections"]).map((each) => fields(each)).map((one) => ({
      name: text(one["name"]) ?? "Panels",
      isOpen: one["isOpen"] === true,
      panels: list(one["panels"]).map((panel) => fields(panel) as PanelSpec),
    })),
    runSet: set,
    colors: fields(section["customRunColors"]),
  };
}

function list(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

/** What a run set says in our words; its filters as JSON in the filter box. */
function fromRunSet(set: RunSetSpec): View {
  const filter = mongoOf({ ...set, search: {} });
  const first = set.sort?.keys?.[0];
  return {
    ...FRESH,
    filter: Object.keys(filter).length > 0 ? JSON.stringify(filter) : "",
    search: set.search?.query ?? "",
    sort: first?.key ? `${first.ascending ? "+" : "-"}${fieldOf(first.key)}` : FRESH.sort,
    group: (set.grouping ?? []).map(fieldOf),
    eyes: {
      open: set.selections?.root !== 0,
      except: (set.selections?.tree ?? []).flatMap((one) => (typeof one === "string" ? [one] : (one.children ?? []))),
    },
  };
}

function fromSettings(settings: Fields): Partial<LineOptions> {
  const weight = finite(settings["smoothingWeight"]) ?? 0;
  const kind = settings["smoothingType"];
  const all: Partial<LineOptions> = {};
  if (weight > 0 && kind !== "none") {
    const amount = Math.min(0.99, weight > 1 ? weight / 100 : weight);
    all.smoothing = { kind: kind === "gaussian" || kind === "average" ? kind : "ema", amount };
  }
  const x = alongOf(settings["xAxis"]);
  if (x !== "step") all.x = x;
  if (settings["ignoreOutliers"] === true) all.clip = true;
  return all;
}
