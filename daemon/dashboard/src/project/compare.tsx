/** Runs side by side: what differs, or all there is. */
import { useMemo } from "preact/hooks";

import { ApiError, get, path, type JsonValue, type RunItem } from "../api";
import { runColor } from "../chart/colors";
import { useData } from "../data";
import { comparison, type Row } from "../panels/comparison";
import { query, setQuery, to, type Route } from "../routes";
import { count, number } from "../ui/format";
import { Empty, Shown } from "../ui/state";
import { plain } from "./plain";
import "./table.css";

const TITLES: Record<Row["section"], string> = { run: "Run", config: "Config", summary: "Summary", metadata: "Machine and program" };
/** More than this cannot be compared by looking. */
const MOST = 50;

export default function Compare({ route }: { route: Extract<Route, { page: "compare" }> }) {
  const { entity, project } = route;
  const ids = [...new Set((query("runs") ?? "").split(",").filter(Boolean))].slice(0, MOST);
  const runs = useData(
    (signal) => Promise.all(ids.map((run) => load(path`/v1/runs/${entity}/${project}/${run}`, signal))),
    [entity, project, ids],
  );
  if (ids.length === 0) {
    return (
      <Empty title="No runs are chosen">
        Select some in the <a href={to.table(entity, project)}>table of runs</a>, and choose Compare there.
      </Empty>
    );
  }
  return (
    <Shown of={runs} what="the runs">
      {(data) => {
        const there = data.filter((run) => run !== null);
        if (there.length === 0) return <Empty title="These runs are not here">They may have been deleted.</Empty>;
        return <Beside runs={there} gone={data.length - there.length} />;
      }}
    </Shown>
  );
}

/** A run; `null` where it is gone. */
async function load(at: string, signal: AbortSignal): Promise<RunItem | null> {
  try {
    return await get<RunItem>(at, {}, signal);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

function Beside({ runs, gone }: { runs: RunItem[]; gone: number }) {
  const all = query("all") === "1";
  const rows = useMemo(() => comparison(runs.map(plain), true), [runs]);
  const shown = rows.filter((row) => all || row.differs);
  const { entity, project } = runs[0]!;
  const eyes = `+${runs.map((run) => run.run).join(",")}`;
  return (
    <section class="page project-compare">
      <h1>Compare {count(runs.length, "run")}</h1>
      <p class="project-compare-tools">
        <label>
          <input type="checkbox" checked={!all} onChange={() => setQuery({ all: all ? null : "1" })} /> Differences only
        </label>
        <span class="dim">
          {shown.length} of {count(rows.length, "field")}
        </span>
        {gone > 0 && <span class="dim">{count(gone, "run")} of those asked for {gone === 1 ? "is" : "are"} not here.</span>}
        <a href={`${to.project(entity, project)}?eyes=${encodeURIComponent(eyes)}`}>Their charts</a>
      </p>
      <div class="project-scroll" role="region" aria-label="Comparison" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              {runs.map((run) => (
                <th key={run.run} scope="col">
                  <RunHead run={run} others={runs.map((one) => one.run).filter((one) => one !== run.run)} />
                </th>
              ))}
            </tr>
          </thead>
          {(Object.keys(TITLES) as Row["section"][]).map((section) => (
            <Part key={section} title={TITLES[section]} width={runs.length + 1} rows={shown.filter((row) => row.section === section)} all={all} />
          ))}
        </table>
      </div>
      {shown.length === 0 && <Empty title="They are alike">No field of config, summary or metadata differs.</Empty>}
    </section>
  );
}

function RunHead({ run, others }: { run: RunItem; others: string[] }) {
  const name = run.name || run.run;
  return (
    <span class="project-compare-run">
      <span class="project-dot" style={{ color: runColor(run.run) }} />
      <a href={to.run(run.entity, run.project, run.run)}>{name}</a>
      {others.length > 0 && (
        <button class="quiet" aria-label={`Take ${name} out`} onClick={() => setQuery({ runs: others.join(",") })}>
          ✕
        </button>
      )}
    </span>
  );
}

function Part({ title, rows, width, all }: { title: string; rows: Row[]; width: number; all: boolean }) {
  if (rows.length === 0) return null;
  return (
    <tbody>
      <tr class="project-part">
        <th scope="rowgroup" colSpan={width}>
          {title}
        </th>
      </tr>
      {rows.map((row) => (
        <tr key={row.key} class={all && row.differs ? "project-differs" : ""}>
          <th scope="row">{row.key}</th>
          {row.values.map((value, at) => (
            <td key={at} class={typeof value === "number" ? "number" : ""} title={full(value)}>
              {short(value)}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

function full(value: JsonValue | undefined): string {
  return value === undefined ? "it has none" : typeof value === "string" ? value : JSON.stringify(value);
}

function short(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "–";
  const said = typeof value === "object" ? JSON.stringify(value) : number(value);
  return said.length > 120 ? `${said.slice(0, 119)}…` : said;
}
