/** W&B's panel grid: panels at their places, with the run sets that they draw. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";

import type { Loaded } from "../data";
import { Failure, Loading } from "../ui/state";
import type { PanelContext } from "./context";
import { placed, readingOrder } from "./grid";
import { Panel } from "./panel";
import { RunSets } from "./run-sets";
import { shownRuns, type ShownRun } from "./runset";
import type { GridSpec, Layout, PanelSpec } from "./spec";
import { useRunSets, type Found } from "./use-runs";

/** Pixels of a row of the grid, and of the gap to the next. */
const ROW = 32;
const GAP = 8;
/** And of the tools above a panel. */
const TOOLS = 30;

export interface PanelGridProps {
  grid: GridSpec;
  /** Where runs are whose run set names no project. */
  entity: string;
  project: string;
  /** Keeps what is changed about the run sets; without it the change is this page's only. */
  onChange?: (grid: GridSpec) => void;
  /** Stands above each panel while the grid is edited. */
  tools?: (panel: PanelSpec, at: number) => ComponentChildren;
}

/** A grid whose runs are asked for. */
export function PanelGrid(props: PanelGridProps) {
  const { entity, project } = props;
  const [own, setOwn] = useState(props.grid);
  const said = JSON.stringify(props.grid);
  useEffect(() => setOwn(props.grid), [said]);
  const grid = props.onChange ? props.grid : own;
  const sets = grid.runSets ?? [];
  const here = useMemo(() => ({ entity, project }), [entity, project]);
  const found = useRunSets(sets, here);
  const runs = gridRuns(grid, found.data ?? []);
  const bar = grid.hideRunSets !== true && (
    <RunSets grid={grid} found={found.data} onChange={props.onChange ?? setOwn} here={here} />
  );
  return (
    <section class="panels-grid-place" aria-label="Panels">
      {found.error && <Failure error={found.error} again={found.again} />}
      <Body grid={grid} found={found} context={{ entity, project, runs }} tools={props.tools} />
      {bar}
    </section>
  );
}

type BodyProps = { grid: GridSpec; found: Loaded<Found[]>; context: PanelContext; tools: PanelGridProps["tools"] };

function Body({ grid, found, context, tools }: BodyProps) {
  const panels = grid.panelBankSectionConfig?.panels ?? [];
  if (panels.length === 0) return <p class="panels-nothing">This grid has no panels yet</p>;
  if (!found.data && !found.error) return <Loading what="the runs" />;
  return (
    <Places panels={panels}>
      {(panel, height, at) => (
        <>
          {tools?.(panel, at)}
          <Panel spec={panel} context={context} height={tools ? height - TOOLS : height} />
        </>
      )}
    </Places>
  );
}

/** Panels at their places: one under the other on a narrow page. */
export function Places(props: { panels: PanelSpec[]; children: (panel: PanelSpec, height: number, at: number) => ComponentChildren }) {
  const places = placed(props.panels);
  return (
    <div class="panels-grid">
      {readingOrder(places).map((at) => {
        const place = places[at]!;
        const height = heightOf(place);
        return (
          <div key={props.panels[at]!.__id__ || at} class="panels-cell" style={cellStyle(place)}>
            {props.children(props.panels[at]!, height, at)}
          </div>
        );
      })}
    </div>
  );
}

/** The height of a panel in pixels. */
export function heightOf(place: Layout): number {
  return place.h * ROW + (place.h - 1) * GAP;
}

function cellStyle(place: Layout): Record<string, string> {
  return {
    gridColumn: `${place.x + 1} / span ${place.w}`,
    gridRow: `${place.y + 1} / span ${place.h}`,
    minHeight: `${heightOf(place)}px`,
  };
}

/** The runs that the enabled run sets of a grid show, each once. */
export function gridRuns(grid: GridSpec, found: Found[]): ShownRun[] {
  const seen = new Set<string>();
  return (grid.runSets ?? []).flatMap((set, at) => {
    if (set.enabled === false) return [];
    return shownRuns(grid, set, found[at]?.runs ?? []).filter(({ run }) => {
      const id = `${run.entity}/${run.project}/${run.run}`;
      return !seen.has(id) && seen.add(id);
    });
  });
}
