/** All that a report's file needs and that only the server has: runs, series, images. */
import { ask, get, path, type MediaList, type SeriesView } from "../api";
import { askSeries } from "../chart/ask";
import { lineOptions, limited, metricsOf } from "../panels/line-options";
import { gridRuns } from "../panels/panel-grid";
import type { ShownRun } from "../panels/runset";
import { finite, texts, VIEW, type GridSpec, type PanelSpec } from "../panels/spec";
import { findRuns, getKeys } from "../panels/use-runs";
import { pieces } from "../run/media-data";
import { ofRun } from "../run/source";
import { safeImage } from "../ui/safe-url";
import type { Block } from "./blocks";

/** An image of a media panel, as data. */
export interface Still {
  url: string;
  caption: string;
}

export interface GridData {
  runs: ShownRun[];
  /** By the panel: its metrics and their series, or its images. */
  lines: Map<PanelSpec, { metrics: string[]; series: SeriesView[] }>;
  stills: Map<PanelSpec, Still[]>;
}

/** Points of a line in a file. */
const BUCKETS = 500;
/** Images of one media panel, and the bytes of each, at most. */
const STILLS = 24;
const IMAGE_MOST = 5_000_000;

export interface Here {
  entity: string;
  project: string;
}

/** The blocks of a report, those in folded parts too. */
export function allBlocks(blocks: Block[]): Block[] {
  return blocks.flatMap((block) => [block, ...allBlocks(block.collapsedChildren ?? [])]);
}

/** What a grid draws. */
export async function loadGrid(grid: GridSpec, here: Here): Promise<GridData> {
  const found = await Promise.all((grid.runSets ?? []).map((set) => findRuns(set, here)));
  const data: GridData = { runs: gridRuns(grid, found), lines: new Map(), stills: new Map() };
  const panels = grid.panelBankSectionConfig?.panels ?? [];
  await Promise.all(
    panels.map(async (panel) => {
      if (panel.viewType === VIEW.line) data.lines.set(panel, await loadLines(panel, data.runs, here));
      if (panel.viewType === VIEW.media) data.stills.set(panel, await loadStills(panel, data.runs));
    }),
  );
  return data;
}

async function loadLines(panel: PanelSpec, all: ShownRun[], here: Here): Promise<{ metrics: string[]; series: SeriesView[] }> {
  const config = panel.config ?? {};
  const keys = config["metricRegex"] ? await getKeys(here.entity, here.project) : undefined;
  const metrics = metricsOf(config, keys?.metrics.map((one) => one.key) ?? []);
  const { x, xMin, xMax } = lineOptions(config);
  const projects = new Map<string, ShownRun[]>();
  for (const one of limited(all, config).runs) {
    const id = JSON.stringify([one.run.entity, one.run.project]);
    projects.set(id, [...(projects.get(id) ?? []), one]);
  }
  if (metrics.length === 0) return { metrics, series: [] };
  const asked = [...projects.values()].map((runs) => {
    const { entity, project } = runs[0]!.run;
    const range = xMin != null && xMax != null ? { from: xMin, to: xMax } : { from: null, to: null };
    return askSeries({ entity, project, runs: runs.map((one) => one.run.run), keys: metrics, x, ...range, buckets: BUCKETS, system: false });
  });
  return { metrics, series: (await Promise.all(asked)).flat() };
}

/** The images that were logged last under the panel's keys. */
async function loadStills(panel: PanelSpec, runs: ShownRun[]): Promise<Still[]> {
  const keys = texts(panel.config?.["mediaKeys"]);
  const stills: Still[] = [];
  for (const key of keys) {
    for (const { run } of runs.slice(0, Math.max(1, finite(panel.config?.["limit"]) ?? 12))) {
      const list = await get<MediaList>(path`/v1/runs/${run.entity}/${run.project}/${run.run}/media`, { key }).catch(() => null);
      const last = list?.items.at(-1);
      for (const piece of last ? pieces(last.value) : []) {
        if (piece.type !== "image-file" || !piece.path || stills.length >= STILLS) continue;
        const url = await dataUrl(ofRun(run).file(piece.path)).catch(() => null);
        if (url) stills.push({ url, caption: [run.name ?? run.run, piece.caption].filter(Boolean).join(": ") });
      }
    }
  }
  return stills;
}

/** The images of a report that are files of ours, as data, by their address. */
export async function loadImages(blocks: Block[]): Promise<Map<string, string>> {
  const images = new Map<string, string>();
  const named = allBlocks(blocks).flatMap((block) => {
    if (block.type === "image") return [block.url ?? ""];
    return [...(block.content ?? "").matchAll(/!\[[^\]]*\]\(\s*<?([^\s)>]+)/g)].map((found) => found[1]!);
  });
  for (const address of new Set(named)) {
    const safe = safeImage(address);
    const data = safe && "file" in safe ? await dataUrl(safe.file).catch(() => null) : safe?.data;
    if (data) images.set(address, data);
  }
  return images;
}

async function dataUrl(address: string): Promise<string | null> {
  const blob = await (await ask("GET", address)).blob();
  if (blob.size > IMAGE_MOST || !blob.type.startsWith("image/")) return null;
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
}
