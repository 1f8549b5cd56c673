/** A project's workspace: its runs to the left, a panel for each metric to the right. */
import { useEffect, useMemo, useState } from "preact/hooks";

import type { Keys } from "../api";
import type { Route } from "../routes";
import { Menu } from "../ui/menu";
import { Empty, Failure, Loading, Shown } from "../ui/state";
import { orderOf } from "./fields";
import { lazyPart } from "../ui/lazy-part";
import { Panels } from "./panels";
import { RunList } from "./run-list";
import { filterOf, useKeys, useRuns } from "./runs";
import { Saved } from "./saved";
import { sections } from "./sections";
import { Settings, Smoothing, XAxis } from "./settings";
import { useView, type ChangeView } from "./use-view";
import { isShown, MOST_SHOWN, type View } from "./view";
import "./project.css";

/** Panels of all kinds are needed only for the views that have them. */
const SavedPanels = lazyPart(() => import("./saved-panels").then((module) => module.SavedPanels));

/** The list grows by so many runs as somebody scrolls. */
const PAGE = 200;

export default function Workspace({ route }: { route: Extract<Route, { page: "workspace" }> }) {
  const { entity, project } = route;
  // Another project is another page: nothing of this one's view goes along.
  return <OfProject key={`${entity}/${project}`} entity={entity} project={project} />;
}

function OfProject({ entity, project }: { entity: string; project: string }) {
  const [view, change] = useView();
  const [most, setMost] = useState(PAGE);
  const filter = useMemo(() => filterOf(view.filter, view.search), [view.filter, view.search]);
  useEffect(() => setMost(PAGE), [filter]);
  const runs = useRuns({ entity, project, filter, order: orderOf(view.sort), most });
  const keys = useKeys(entity, project);
  const list = runs.data;
  const shown = useMemo(
    () => (list?.runs ?? []).filter((run) => isShown(view.eyes, run.run)).slice(0, MOST_SHOWN),
    [list, view.eyes],
  );
  if (!list) return runs.error ? <Failure error={runs.error} again={runs.again} /> : <Loading what="the runs" />;
  if (list.total === 0 && !filter) return <NoRuns project={project} />;
  return (
    <div class="project">
      <aside class="project-side" aria-label="Runs of the project">
        <RunList view={view} change={change} list={list} keys={keys.data} onMore={() => setMost(list.runs.length + PAGE)} />
      </aside>
      <div class="project-main">
        {runs.error && <Failure error={runs.error} again={runs.again} />}
        <Toolbar view={view} change={change} entity={entity} project={project} keys={keys.data} />
        {list.runs.length === 0 && <Empty title="No run passes">Change the search or the filter to see runs.</Empty>}
        {list.runs.length > 0 && shown.length === 0 && <Empty title="All runs are hidden">Open the eye of a run to see its lines.</Empty>}
        {shown.length > 0 && (
          <Shown of={keys} what="the metrics">
            {(data) => {
              const panels = <Panels entity={entity} project={project} runs={shown} keys={data} view={view} change={change} />;
              if (!view.saved) return panels;
              return (
                <SavedPanels entity={entity} project={project} id={view.saved} runs={shown}>
                  {panels}
                </SavedPanels>
              );
            }}
          </Shown>
        )}
      </div>
    </div>
  );
}

function NoRuns({ project }: { project: string }) {
  return (
    <Empty title={`No runs in ${project} yet`}>
      <p>
        Start a script that uses wandb, unchanged: <code>pannier run -- python train.py</code>
      </p>
      <p>
        Or say in it: <code>import pannier as wandb</code>
      </p>
      <p>This page shows the run as soon as it begins.</p>
    </Empty>
  );
}

interface ToolbarProps {
  view: View;
  change: ChangeView;
  entity: string;
  project: string;
  keys: Keys | undefined;
}

function Toolbar({ view, change, entity, project, keys }: ToolbarProps) {
  const metrics = useMemo(() => keys?.metrics.map((one) => one.key) ?? [], [keys]);
  const panels = useMemo(() => (keys ? sections(keys, "") : []), [keys]);
  const all = (options: Partial<View["all"]>) => change((was) => ({ ...was, all: { ...was.all, ...options } }));
  return (
    <div class="project-tools" role="toolbar" aria-label="Charts">
      <input
        type="search"
        aria-label="Search metrics"
        placeholder="Search metrics (regex)"
        value={view.metrics}
        onInput={(event) => change({ metrics: event.currentTarget.value })}
      />
      <Smoothing options={view.all} onChange={all} />
      <XAxis options={view.all} metrics={metrics} onChange={all} />
      <Menu label="Chart settings">
        {() => <Settings options={view.all} metrics={metrics} onChange={all} onReset={() => change({ all: {}, panels: {} })} />}
      </Menu>
      <Saved entity={entity} project={project} view={view} change={change} sections={panels} />
    </div>
  );
}
