/** The panels that a workspace has by itself, in sections that fold. */
import { lazyPart } from "../ui/lazy-part";
import { useMemo } from "preact/hooks";

import type { Keys, RunItem } from "../api";
import { runColor, choices } from "../chart/colors";
import { MetricPanel } from "../chart/metric";
import type { LineOptions, Zoom } from "../chart/options";
import { count } from "../ui/format";
import { Menu } from "../ui/menu";
import { Empty } from "../ui/state";
import { labelOf } from "./fields";
import { sections, SYSTEM, type AutoPanel, type Section } from "./sections";
import { Settings } from "./settings";
import type { ChangeView } from "./use-view";
import { isOpen, withOpen, withPanel, type View } from "./view";

const MediaPanel = lazyPart(() => import("../run/media-panel").then((module) => module.MediaPanel));

/** Media are shown of so many runs side by side. */
const MOST_MEDIA = 6;

/** What all panels share. */
export interface PanelsOf {
  entity: string;
  project: string;
  /** The runs that are shown, in the list's order. */
  runs: readonly RunItem[];
  keys: Keys;
  view: View;
  change: ChangeView;
}

/** How lines are called and grouped; new only when names or groups are. */
export interface Lines {
  /** Run ids, the last drawn first: the list's first run is on top. */
  ids: readonly string[];
  name: (run: string) => string;
  group: ((run: string) => string | null) | null;
}

export function useLines(runs: readonly RunItem[], by: readonly string[]): Lines {
  const labels = runs.map((run) => [run.run, run.name || run.run, by.length > 0 ? labelOf(run, by) : null] as const);
  const sign = JSON.stringify(labels);
  return useMemo(() => {
    const names = new Map(labels.map(([id, name]) => [id, name]));
    const groups = new Map(labels.map(([id, , label]) => [id, label]));
    return {
      ids: labels.map(([id]) => id).reverse(),
      name: (run) => names.get(run) ?? run,
      group: by.length > 0 ? (run) => groups.get(run) ?? null : null,
    };
  }, [sign]);
}

export function Panels(props: PanelsOf) {
  const { keys, view, runs } = props;
  const list = useMemo(() => sections(keys, view.metrics), [keys, view.metrics]);
  const lines = useLines(runs, view.group);
  if (list.length === 0 && view.metrics) return <Empty title="No metric is called so">Nothing matches {view.metrics}.</Empty>;
  if (list.length === 0) {
    return (
      <Empty title="No metrics yet">
        <p>
          They are here as soon as a run logs one: <code>run.log({"{"}"loss": 0.5{"}"})</code>
        </p>
      </Empty>
    );
  }
  return (
    <>
      {list.map((section) => (
        <OneSection key={section.name} {...props} section={section} lines={lines} />
      ))}
    </>
  );
}

function OneSection(props: PanelsOf & { section: Section; lines: Lines }) {
  const { section, view, change } = props;
  const begins = section.name !== SYSTEM;
  const open = isOpen(view, section.name, begins) || view.metrics !== "";
  return (
    <section class="project-section" aria-label={section.name}>
      <h2>
        <button
          class="quiet"
          aria-expanded={open}
          onClick={() => change((was) => withOpen(was, section.name, begins, !open))}
        >
          {open ? "▾" : "▸"} {section.name} <span class="badge">{section.panels.length}</span>
        </button>
      </h2>
      {open && (
        <div class="project-grid">
          {section.panels.map((panel) =>
            panel.kind === "media" ? (
              <Media key={`media ${panel.key}`} {...props} panel={panel} />
            ) : (
              <Line key={panel.key} {...props} panel={panel} />
            ),
          )}
        </div>
      )}
    </section>
  );
}

/** A panel's settings: its own over those of all, over what `define_metric` says. */
export function optionsOf(view: View, panel: AutoPanel): Partial<LineOptions> {
  const defined: Partial<LineOptions> = panel.stepMetric ? { x: { metric: panel.stepMetric } } : {};
  const all = Object.fromEntries(Object.entries(view.all).filter(([, value]) => value != null));
  const options = { ...defined, ...all, ...view.panels[panel.key] };
  // The machine's metrics are measured at times, not at steps.
  return panel.kind === "system" && options.x !== "time" ? { ...options, x: "relative" } : options;
}

function Line({ entity, project, panel, lines, view, change, keys }: PanelsOf & { panel: AutoPanel; lines: Lines }) {
  const options = optionsOf(view, panel);
  const sign = JSON.stringify(options);
  const own = JSON.stringify(view.panels[panel.key] ?? null);
  // The same element while nothing of it changes: then nothing beneath is looked at.
  return useMemo(() => {
    const zoom: Zoom | null = options.xMin != null && options.xMax != null ? [options.xMin, options.xMax] : null;
    const set = (what: Partial<LineOptions> | null) => change((was) => withPanel(was, panel.key, what));
    return (
      <MetricPanel
        entity={entity}
        project={project}
        runs={lines.ids}
        keys={[panel.key]}
        title={panel.key}
        options={options}
        name={lines.name}
        color={(run) => runColor(run)}
        group={lines.group}
        system={panel.kind === "system"}
        zoom={zoom}
        onZoom={(to) => set({ xMin: to?.[0] as number, xMax: to?.[1] as number })}
        actions={
          <Menu class="quiet" title="Settings" label={<span aria-label={`Settings of ${panel.key}`}>⚙</span>}>
            {() => (
              <Settings
                options={options}
                metrics={keys.metrics.map((one) => one.key)}
                onChange={set}
                {...(own !== "null" && { onReset: () => set(null) })}
              />
            )}
          </Menu>
        }
      />
    );
  }, [entity, project, panel.key, panel.kind, lines, sign, own, keys, choices()]);
}

function Media({ entity, project, panel, runs }: PanelsOf & { panel: AutoPanel }) {
  const having = runs.filter((run) => panel.key in run.summary);
  const shown = having.slice(0, MOST_MEDIA);
  return (
    <div class="project-media">
      {shown.map((run) => (
        <MediaPanel
          key={run.run}
          entity={entity}
          project={project}
          run={run.run}
          mediaKey={panel.key}
          title={shown.length > 1 ? `${panel.key} – ${run.name || run.run}` : panel.key}
        />
      ))}
      {having.length > MOST_MEDIA && <p class="dim">Of {count(having.length - MOST_MEDIA, "further run")}: see the run’s page.</p>}
    </div>
  );
}
