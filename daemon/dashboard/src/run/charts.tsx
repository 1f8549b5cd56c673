/** The charts of one run: a panel for each metric and medium, in sections by the part before the `/`. */
import { useMemo } from "preact/hooks";

import { get, path, type KeyView, type Keys, type MediaKey, type MetricView } from "../api";
import { compact, expand } from "../chart/compact";
import { MetricPanel } from "../chart/metric";
import type { LineOptions } from "../chart/options";
import { useData } from "../data";
import { useLive } from "../live";
import { sections, type AutoPanel } from "../project/sections";
import { Settings, Smoothing, XAxis } from "../project/settings";
import { query, setQuery } from "../routes";
import { count } from "../ui/format";
import { Menu } from "../ui/menu";
import { Empty, Shown } from "../ui/state";
import { MediaPanel } from "./media-panel";
import type { TabProps } from "./page";
import "../project/project.css";

const NO_KEYS: Keys = { metrics: [], system: [], media: [], config: [], summary: [] };

export function Charts({ run }: TabProps) {
  const { entity, project } = run;
  const keys = useRunKeys(run);
  const search = query("search") ?? "";
  const options = useMemo(() => expand(query("charts") ?? ""), [query("charts")]);
  const change = (more: Partial<LineOptions>) => setQuery({ charts: compact({ ...options, ...more }) });
  return (
    <Shown of={keys} what="the metrics">
      {(known) => {
        const metrics = known.metrics.map((one) => one.key);
        return (
          <>
            <div class="run-bar run-tools">
              <input type="search" placeholder="Search metrics" aria-label="Search metrics" value={search} onInput={(event) => setQuery({ search: event.currentTarget.value })} />
              <Smoothing options={options} onChange={change} />
              <XAxis options={options} metrics={metrics} onChange={change} />
              <Menu label="Chart settings">{() => <Settings options={options} metrics={metrics} onChange={change} onReset={() => setQuery({ charts: null })} />}</Menu>
            </div>
            <Sections keys={known} search={search}>
              {(panel) =>
                panel.kind === "media" ? (
                  <MediaPanel key={panel.key} entity={entity} project={project} run={run.run} mediaKey={panel.key} />
                ) : (
                  <MetricPanel key={panel.key} entity={entity} project={project} runs={[run.run]} keys={[panel.key]} options={{ ...(panel.stepMetric && { x: { metric: panel.stepMetric } }), ...options }} name={() => run.name ?? run.run} />
                )
              }
            </Sections>
          </>
        );
      }}
    </Shown>
  );
}

function Sections(props: { keys: Keys; search: string; children: (panel: AutoPanel) => preact.ComponentChild }) {
  const { keys, search } = props;
  const all = useMemo(() => sections(keys, search), [keys, search]);
  if (all.length === 0) {
    if (search) return <Empty title="No metric is called like that" />;
    return (
      <Empty title="Nothing was logged yet">
        <p>
          <code>run.log({"{"}"loss": 0.1{"}"})</code> makes a chart here, at once.
        </p>
      </Empty>
    );
  }
  return (
    <>
      {all.map(({ name, panels }) => (
        <details key={name} class="run-section" open>
          <summary>
            {name} <span class="dim">{count(panels.length, "panel")}</span>
          </summary>
          <div class="run-panels">{panels.map(props.children)}</div>
        </details>
      ))}
    </>
  );
}

/** The keys that this run has, of those that its project has. */
function useRunKeys({ entity, project, run, definitions, summary }: TabProps["run"]): ReturnType<typeof useData<Keys>> {
  const keys = useData(async (abort) => {
    const own = get<{ metrics: MetricView[] }>(path`/v1/runs/${entity}/${project}/${run}/metrics`, {}, abort);
    const [all, { metrics }] = await Promise.all([get<Keys>("/v1/keys", { entity, project }, abort), own]);
    const known = new Map(all.metrics.map((one) => [one.key, one]));
    const media = new Map(all.media.map((one) => [one.key, one]));
    const hidden = new Set(definitions.filter((one) => one.hidden).map((one) => one.name));
    const view = (key: string): KeyView => known.get(key) ?? { key, runs: 1, step_metric: null, hidden: hidden.has(key) };
    const logged = metrics.filter((one) => typeof one.last === "number" || known.has(one.key)).map((one) => view(one.key));
    const isMedia = (key: string) => media.has(key) && (key in summary || metrics.some((one) => one.key === key));
    return { ...NO_KEYS, metrics: logged, media: all.media.filter((one: MediaKey) => isMedia(one.key)) };
  }, [entity, project, run]);
  const { again } = keys;
  useLive({ entity, project }, (changed) => changed.runs.some((one) => one === run || one === "*"), again);
  return keys;
}
