/** What the machine did while the run went on: a panel for each kind of device. */
import { useMemo } from "preact/hooks";

import { get, post, type AskSeries, type Keys, type SeriesList } from "../api";
import { useLive } from "../live";
import { MetricPanel } from "../chart/metric";
import { useData } from "../data";
import { Empty, Shown } from "../ui/state";
import type { TabProps } from "./page";
import { systemGroups, type SystemPanel } from "./system-data";
import { query, setQuery } from "../routes";

export function System({ run }: TabProps) {
  const { entity, project } = run;
  const keys = useData((abort) => ownKeys(run, abort), [entity, project, run.run]);
  const { again } = keys;
  // Not all are there with the first sample: some are measured between two.
  useLive({ entity, project }, (changed) => changed.runs.some((one) => one === run.run || one === "*"), again);
  const along = query("x") === "time" ? "time" : "relative";
  return (
    <Shown of={keys} what="the system metrics">
      {(system) =>
        system.length === 0 ? (
          <Empty title="No system metrics yet">
            <p>They are sampled while a run goes on, every few seconds.</p>
          </Empty>
        ) : (
          <>
            <div class="run-bar run-tools">
              <label>
                X axis{" "}
                <select value={along} onChange={(event) => setQuery({ x: event.currentTarget.value === "time" ? "time" : null })}>
                  <option value="relative">time since the start</option>
                  <option value="time">time</option>
                </select>
              </label>
            </div>
            <Groups keys={system} run={run} along={along} />
          </>
        )
      }
    </Shown>
  );
}

/** Keys that one question may name. */
const ASKED_MAX = 100;

/** The system metrics that this run has, of those that its project has. */
async function ownKeys({ entity, project, run }: TabProps["run"], abort: AbortSignal): Promise<string[]> {
  const { system } = await get<Keys>("/v1/keys", { entity, project }, abort);
  const keys = system.map((one) => one.key);
  const parts = Array.from({ length: Math.ceil(keys.length / ASKED_MAX) }, (_, at) => keys.slice(at * ASKED_MAX, (at + 1) * ASKED_MAX));
  const asked = parts.map((some) => {
    const body: AskSeries = { entity, project, runs: [run], keys: some, x: "relative", buckets: 1, system: true };
    return post<SeriesList>("/v1/series", body, abort);
  });
  return (await Promise.all(asked)).flatMap(({ series }) => series.map((one) => one.key));
}

function Groups({ keys, run, along }: { keys: string[]; run: TabProps["run"]; along: "relative" | "time" }) {
  const groups = useMemo(() => systemGroups(keys), [keys.join("\n")]);
  return (
    <>
      {groups.map(({ name, panels }) => (
        <details key={name} class="run-section" open>
          <summary>{name}</summary>
          <div class="run-panels">
            {panels.map((panel) => (
              <Panel key={panel.keys[0]} panel={panel} run={run} along={along} />
            ))}
          </div>
        </details>
      ))}
    </>
  );
}

function Panel({ panel, run, along }: { panel: SystemPanel; run: TabProps["run"]; along: "relative" | "time" }) {
  const title = panel.unit ? `${panel.title} (${panel.unit})` : panel.title;
  const labels = new Map(panel.keys.map((key, at) => [key, panel.labels[at]!]));
  return (
    <MetricPanel
      entity={run.entity}
      project={run.project}
      runs={[run.run]}
      keys={panel.keys}
      title={title}
      options={{ x: along }}
      name={(_, key) => labels.get(key) ?? key}
      system
      legend={panel.keys.length > 1 && panel.keys.length <= 16}
    />
  );
}
