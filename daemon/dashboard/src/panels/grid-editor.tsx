/** A panel grid while it is edited: panels are added, set up, moved and removed, and run sets changed. */
import { useState } from "preact/hooks";

import { Dialog } from "../ui/dialog";
import { Menu } from "../ui/menu";
import { ADDABLE, addPanel, movePanel, newRunSet, panelsOf, resizePanel, withPanel, withoutPanel } from "./grid-edit";
import { layoutOf } from "./grid";
import { PanelForm } from "./panel-form";
import { PanelGrid } from "./panel-grid";
import { RunSetForm } from "./run-set-form";
import { text, VIEW, type GridSpec, type PanelSpec, type RunSetSpec } from "./spec";
import { projectOf, useKeys } from "./use-runs";

interface Props {
  grid: GridSpec;
  entity: string;
  project: string;
  /** `about` names what changes belong together. */
  onChange: (grid: GridSpec, about?: string) => void;
}

type Open = { what: "panel" | "set"; at: number } | null;

export function GridEditor(props: Props) {
  const { grid, onChange } = props;
  const [open, setOpen] = useState<Open>(null);
  const panels = panelsOf(grid);
  const add = (viewType: string) => {
    onChange(addPanel(grid, viewType));
    setOpen({ what: "panel", at: panels.length });
  };
  return (
    <div class="panels-editor">
      <div class="panels-editor-bar">
        <Menu label="Add a panel">
          {(close) => ADDABLE.map(([name, viewType]) => <button key={name} onClick={() => (close(), add(viewType))}>{name}</button>)}
        </Menu>
        <SetsMenu {...props} onOpen={(at) => setOpen({ what: "set", at })} />
      </div>
      <PanelGrid
        {...props}
        tools={(panel, at) => <PanelTools panel={panel} at={at} grid={grid} onChange={onChange} onOpen={() => setOpen({ what: "panel", at })} />}
      />
      {open && <Opened {...props} open={open} onClose={() => setOpen(null)} />}
    </div>
  );
}

function SetsMenu({ grid, onChange, onOpen }: Props & { onOpen: (at: number) => void }) {
  const sets = grid.runSets ?? [];
  const add = () => {
    onChange({ ...grid, runSets: [...sets, newRunSet(`Run set ${sets.length + 1}`)] });
    onOpen(sets.length);
  };
  return (
    <Menu label="Run sets">
      {(close) => (
        <>
          {sets.map((set, at) => (
            <button key={set.id ?? at} onClick={() => (close(), onOpen(at))}>Edit {set.name || `run set ${at + 1}`}</button>
          ))}
          <button onClick={() => (close(), add())}>Add a run set</button>
        </>
      )}
    </Menu>
  );
}

function Opened(props: Props & { open: NonNullable<Open>; onClose: () => void }) {
  const { grid, onChange, open, onClose } = props;
  const set = open.what === "set" ? grid.runSets?.[open.at] : undefined;
  const panel = open.what === "panel" ? panelsOf(grid)[open.at] : undefined;
  const of = projectOf(set ?? grid.runSets?.[0] ?? {}, props);
  const keys = useKeys(of.entity, of.project);
  if (panel) {
    return (
      <Dialog title={panelName(panel)} onClose={onClose}>
        <PanelForm panel={panel} keys={keys} onChange={(next) => onChange(withPanel(grid, open.at, next), `panel ${open.at}`)} />
        <p><button class="main" onClick={onClose}>Done</button></p>
      </Dialog>
    );
  }
  if (!set) return null;
  const sets = grid.runSets ?? [];
  const put = (next: RunSetSpec) => onChange({ ...grid, runSets: sets.map((one, at) => (at === open.at ? next : one)) }, `set ${open.at}`);
  const remove = () => (onClose(), onChange({ ...grid, runSets: sets.filter((_, at) => at !== open.at) }));
  return (
    <Dialog title={set.name || "Run set"} onClose={onClose}>
      <RunSetForm set={set} keys={keys} onChange={put} />
      <p>
        <button class="main" onClick={onClose}>Done</button> {sets.length > 1 && <button onClick={remove}>Remove this run set</button>}
      </p>
    </Dialog>
  );
}

const WIDTHS: [number, string][] = [[6, "¼"], [8, "⅓"], [12, "½"], [16, "⅔"], [24, "full"]];
const HEIGHTS: [number, string][] = [[4, "low"], [6, "medium"], [9, "high"], [14, "very high"]];

function PanelTools({ panel, at, grid, onChange, onOpen }: { panel: PanelSpec; at: number; grid: GridSpec; onChange: Props["onChange"]; onOpen: () => void }) {
  const name = panelName(panel);
  const { w, h } = layoutOf(panel);
  return (
    <div class="panels-tools">
      <button class="quiet" aria-label={`Edit panel ${name}`} onClick={onOpen}>Edit</button>
      <button class="quiet" aria-label={`Move panel ${name} back`} onClick={() => onChange(movePanel(grid, at, -1))}>←</button>
      <button class="quiet" aria-label={`Move panel ${name} on`} onClick={() => onChange(movePanel(grid, at, 1))}>→</button>
      <Size label={`Width of panel ${name}`} value={w} sizes={WIDTHS} onChange={(next) => onChange(resizePanel(grid, at, { w: next }))} />
      <Size label={`Height of panel ${name}`} value={h} sizes={HEIGHTS} onChange={(next) => onChange(resizePanel(grid, at, { h: next }))} />
      <button class="quiet" aria-label={`Remove panel ${name}`} onClick={() => onChange(withoutPanel(grid, at))}>✕</button>
    </div>
  );
}

function Size(props: { label: string; value: number; sizes: [number, string][]; onChange: (value: number) => void }) {
  const known = props.sizes.some(([size]) => size === props.value);
  return (
    <select aria-label={props.label} value={props.value} onChange={(event) => props.onChange(Number(event.currentTarget.value))}>
      {!known && <option value={props.value}>{props.value}</option>}
      {props.sizes.map(([size, title]) => <option key={size} value={size}>{title}</option>)}
    </select>
  );
}

/** What a panel is called. */
function panelName(panel: PanelSpec): string {
  const kind = Object.values(VIEW).some((view) => view === panel.viewType) ? (ADDABLE.find(([, view]) => view === panel.viewType)?.[0] ?? "Panel") : (panel.viewType ?? "Panel");
  return text(panel.config?.["chartTitle"]) ?? kind;
}
