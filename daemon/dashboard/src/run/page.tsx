/** A run: its head, and the tab that the address names. Each tab is loaded when it is first looked at. */
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";

import { get, path, type RunItem } from "../api";
import { isHub, mayWrite, useLive } from "../live";
import { useData } from "../data";
import { to, type Route } from "../routes";
import { StateBadge, SyncBadge } from "../ui/badge";
import { lazyPart } from "../ui/lazy-part";
import { Menu } from "../ui/menu";
import { Empty, Shown } from "../ui/state";
import { Tabs } from "../ui/tabs";
import { Actions } from "./actions";
import { EditableName, saveRun, type SaveRun } from "./edit";
import { Overview } from "./overview";
import { retry, SyncList } from "./sync";
import "./media.css";
import "./run.css";

type RunRoute = Extract<Route, { page: "run" }>;

/** What every tab is given. */
export interface TabProps {
  run: RunItem;
  /** What the address says behind the tab's name. */
  rest: string[];
}

const TABS: { name: string; title: string; part: ComponentType<TabProps> | null }[] = [
  { name: "overview", title: "Overview", part: null },
  { name: "charts", title: "Charts", part: lazyPart(async () => (await import("./charts")).Charts) },
  { name: "system", title: "System", part: lazyPart(async () => (await import("./system")).System) },
  { name: "logs", title: "Logs", part: lazyPart(async () => (await import("./log")).Log) },
  { name: "files", title: "Files", part: lazyPart(async () => (await import("./files")).Files) },
  { name: "artifacts", title: "Artifacts", part: lazyPart(async () => (await import("./artifacts")).Artifacts) },
];

/** W&B's names of tabs that are called otherwise here. */
const ALSO: Record<string, string> = { workspace: "charts", output: "logs", console: "logs", code: "files" };

export default function Page({ route }: { route: RunRoute }) {
  const { entity, project } = route;
  const loaded = useData((abort) => get<RunItem>(path`/v1/runs/${entity}/${project}/${route.run}`, {}, abort), [entity, project, route.run]);
  const { data, again } = loaded;
  const id = data?.run ?? route.run;
  useLive({ entity, project }, (changed) => changed.sync || changed.runs.some((run) => run === id || run === "*"), again);
  useEffect(() => {
    document.title = `${data?.name ?? route.run} · ${project} · pannier`;
    return () => void (document.title = "pannier");
  }, [data?.name, route.run, project]);
  return (
    <div class="page run-page">
      <Shown of={loaded} what="the run">
        {(run) => <Inside run={run} route={route} again={again} />}
      </Shown>
    </div>
  );
}

function Inside({ run, route, again }: { run: RunItem; route: RunRoute; again: () => void }) {
  const { entity, project } = run;
  const save: SaveRun | null = mayWrite(entity) ? (change) => saveRun(run, change, again) : null;
  const name = ALSO[route.tab] ?? route.tab;
  const tab = TABS.find((one) => one.name === name);
  const tabs = TABS.map((one) => ({ ...one, href: to.run(entity, project, run.run, one.name === "overview" ? undefined : one.name) }));
  return (
    <>
      <header class="run-title">
        <EditableName name={run.name ?? run.run} save={save} />
        <StateBadge state={run.state} />
        <SyncState run={run} again={again} />
        <span class="run-actions">{save && <Actions run={run} again={again} />}</span>
      </header>
      <Tabs label="Tabs of the run" tabs={tabs} at={tab?.name ?? ""} />
      {!tab ? (
        <Empty title={`A run has no tab called ${route.tab}`} />
      ) : tab.part ? (
        <tab.part key={`${entity}/${project}/${run.run}`} run={run} rest={route.rest} />
      ) : (
        <Overview run={run} save={save} again={again} />
      )}
    </>
  );
}

function SyncState({ run, again }: { run: RunItem; again: () => void }) {
  if (isHub() && Object.keys(run.sync.remotes).length === 0) return null;
  const stuck = Object.entries(run.sync.remotes).filter(([, at]) => at.state === "failed");
  return (
    <>
      <Menu label={<>Sync <SyncBadge sync={run.sync} /></>} class="quiet run-sync-badge" title="How far it is on its way to the remotes">
        {() => (
          <div class="run-sync-menu">
            <SyncList sync={run.sync} again={again} />
          </div>
        )}
      </Menu>
      {stuck.map(([name]) => (
        <button key={name} onClick={() => void retry(name, again)} aria-label={`Retry the sync to ${name}`}>
          Retry {name}
        </button>
      ))}
    </>
  );
}
