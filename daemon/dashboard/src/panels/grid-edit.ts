/** What is done to a panel grid, its panels and its run sets. Pure; what is not named stays as it is. */
import { freePlace, layoutOf, placed, readingOrder } from "./grid";
import type { Fields, GridSpec, Json, Layout, PanelSpec, RunSetSpec } from "./spec";
import { VIEW } from "./spec";

/** A name as W&B's programs make them. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => (byte % 36).toString(36)).join("");
}

/** A grid without panels, as W&B's SDK writes it. */
export function newGrid(): GridSpec {
  const flowConfig = { snapToColumns: true, columnsPerPage: 3, rowsPerPage: 2, gutterWidth: 16, boxWidth: 460, boxHeight: 300 };
  const local = {
    xAxis: "_step", smoothingWeight: 0, smoothingType: "exponential", ignoreOutliers: false,
    useRunsTableGroupingInPanels: true, smoothingActive: true, xAxisActive: false,
  };
  const section = { isOpen: false, flowConfig, sorted: 0, localPanelSettings: local, panels: [] };
  return {
    openViz: true,
    openRunSet: 0,
    name: "unused-name",
    runSets: [newRunSet("Run set")],
    hideRunSets: false,
    panels: { views: { "0": { name: "Panels", defaults: [], config: [] } }, tabs: ["0"] },
    panelBankConfig: {
      state: 0,
      settings: { autoOrganizePrefix: 2, showEmptySections: false, sortAlphabetically: false },
      sections: [{ name: "Hidden Panels", type: "flow", ...section }],
    },
    panelBankSectionConfig: { name: "Report Panels", type: "grid", ...section },
    customRunColors: {},
  };
}

/** A run set of all runs of the report's project, the newest first. */
export function newRunSet(name: string): RunSetSpec {
  return {
    id: newId(),
    runFeed: {
      version: 2, columnVisible: { "run:name": false }, columnPinned: {}, columnWidths: {}, columnOrder: [],
      pageSize: 10, onlyShowSelected: false,
    },
    enabled: true,
    name,
    search: { query: "" },
    filters: { filterFormat: "filterV2", filters: [] },
    grouping: [],
    sort: { keys: [{ key: { section: "run", name: "createdAt" }, ascending: false }] },
    selections: { root: 1, bounds: [], tree: [] } as RunSetSpec["selections"] & { bounds: [] },
    expandedRowAddresses: [],
  };
}

const CONFIG: Record<string, () => Fields> = {
  [VIEW.line]: () => ({ xAxis: "_step", metrics: [] }),
  [VIEW.scatter]: () => ({}),
  [VIEW.bar]: () => ({ metrics: [], vertical: false }),
  [VIEW.scalar]: () => ({ metrics: [] }),
  [VIEW.parallel]: () => ({ columns: [] }),
  [VIEW.comparer]: () => ({ diffOnly: true }),
  [VIEW.media]: () => ({ mediaKeys: [] }),
  [VIEW.markdown]: () => ({ value: "" }),
};

/** The panels that can be added, by their kind. */
export const ADDABLE: [name: string, viewType: string][] = [
  ["Line plot", VIEW.line],
  ["Bar chart", VIEW.bar],
  ["Scalar", VIEW.scalar],
  ["Scatter plot", VIEW.scatter],
  ["Markdown", VIEW.markdown],
  ["Media", VIEW.media],
  ["Run comparer", VIEW.comparer],
  ["Parallel coordinates", VIEW.parallel],
];

export function panelsOf(grid: GridSpec): PanelSpec[] {
  return grid.panelBankSectionConfig?.panels ?? [];
}

export function withPanels(grid: GridSpec, panels: PanelSpec[]): GridSpec {
  return { ...grid, panelBankSectionConfig: { ...grid.panelBankSectionConfig, panels } };
}

export function addPanel(grid: GridSpec, viewType: string): GridSpec {
  const panels = panelsOf(grid);
  const size = viewType === VIEW.line ? ([12, 7] as const) : ([8, 6] as const);
  const panel: PanelSpec = { __id__: newId(), layout: freePlace(panels, ...size), viewType, config: CONFIG[viewType]?.() ?? {} };
  return withPanels(grid, [...panels, panel]);
}

export function withPanel(grid: GridSpec, at: number, panel: PanelSpec): GridSpec {
  return withPanels(grid, panelsOf(grid).map((one, other) => (other === at ? panel : one)));
}

export function withoutPanel(grid: GridSpec, at: number): GridSpec {
  return withPanels(grid, panelsOf(grid).filter((_, other) => other !== at));
}

/** Exchanges a panel's place with that of the one read before it (-1) or after it (1). */
export function movePanel(grid: GridSpec, at: number, by: -1 | 1): GridSpec {
  const panels = panelsOf(grid);
  const order = readingOrder(placed(panels));
  const other = order[order.indexOf(at) + by];
  if (other === undefined) return grid;
  const [mine, theirs] = [layoutOf(panels[at]!), layoutOf(panels[other]!)];
  const fits = (place: Layout, size: Layout): Layout => ({ x: Math.min(place.x, 24 - size.w), y: place.y, w: size.w, h: size.h });
  const changed = panels.map((one, which) => {
    if (which === at) return { ...one, layout: fits(theirs, mine) };
    return which === other ? { ...one, layout: fits(mine, theirs) } : one;
  });
  return withPanels(grid, changed);
}

export function resizePanel(grid: GridSpec, at: number, size: Partial<Pick<Layout, "w" | "h">>): GridSpec {
  const panel = panelsOf(grid)[at]!;
  const layout = layoutOf({ ...panel, layout: { ...layoutOf(panel), ...size } });
  return withPanel(grid, at, { ...panel, layout });
}

/** A config with a field said; empty: left out. */
export function withField(config: Fields, name: string, value: Json): Fields {
  const { [name]: _, ...others } = config;
  const empty = value === undefined || value === null || value === "";
  return empty ? others : { ...config, [name]: value };
}
