/** All runs of a project as a table. */
import { useCallback, useMemo, useState } from "preact/hooks";

import type { RunItem } from "../api";
import { query, setQuery, type Route } from "../routes";
import { count } from "../ui/format";
import { csv, save } from "../ui/save";
import { Empty, Failure, Loading } from "../ui/state";
import { tried } from "../ui/toast";
import { Bulk } from "./bulk";
import { ColumnChoice } from "./column-choice";
import { columnsQuery, inOrder, readColumns, type Columns } from "./columns";
import { orderOf, titleOf, valueOf } from "./fields";
import { FilterBox } from "./filter-box";
import { Grid } from "./grid";
import { filterOf, loadRuns, useKeys, useRuns, type RunsOf } from "./runs";
import { useView } from "./use-view";
import "./project.css";
import "./table.css";

const PAGE = 300;
/** A file of more runs than this is the API's business. */
const MOST_CSV = 20_000;

export default function Table({ route }: { route: Extract<Route, { page: "table" }> }) {
  const { entity, project } = route;
  return <OfProject key={`${entity}/${project}`} entity={entity} project={project} />;
}

function OfProject({ entity, project }: { entity: string; project: string }) {
  const [view, change] = useView();
  const [most, setMost] = useState(PAGE);
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const filter = useMemo(() => filterOf(view.filter, view.search), [view.filter, view.search]);
  const of: RunsOf = { entity, project, filter, order: orderOf(view.sort), most };
  const runs = useRuns(of);
  const keys = useKeys(entity, project);
  const columns = readColumns(query, keys.data);
  const setColumns = useCallback((to: Columns) => setQuery(columnsQuery(to)), []);
  const list = runs.data;
  if (!list) return runs.error ? <Failure error={runs.error} again={runs.again} /> : <Loading what="the runs" />;
  const selected = list.runs.filter((run) => chosen.has(run.run));
  return (
    <section class="project-table-page" aria-label="Runs">
      <div class="project-table-tools">
        <input
          type="search"
          aria-label="Search runs by name"
          placeholder="Search runs (regex)"
          value={view.search}
          onInput={(event) => change({ search: event.currentTarget.value })}
        />
        <FilterBox value={view.filter} onChange={(text) => change({ filter: text })} />
        <ColumnChoice columns={columns} keys={keys.data} onChange={setColumns} />
        <button onClick={() => void tried(() => download(of, columns, selected))}>CSV</button>
        <span class="dim">{count(list.total, "run")}</span>
      </div>
      {selected.length > 0 && <Bulk runs={selected} onClear={() => choose(new Set())} onDone={runs.again} />}
      {runs.error && <Failure error={runs.error} again={runs.again} />}
      {list.runs.length === 0 ? (
        <NoRuns filtered={filter !== null} />
      ) : (
        <Grid
          runs={list.runs}
          total={list.total}
          columns={columns}
          sort={view.sort}
          chosen={chosen}
          onSort={(sort) => change({ sort })}
          onColumns={setColumns}
          onChoose={choose}
          onEnd={() => list.more && setMost(list.runs.length + PAGE)}
        />
      )}
    </section>
  );
}

function NoRuns({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="No run passes">Change the search or the filter to see runs.</Empty>;
  return (
    <Empty title="No runs yet">
      <p>
        Start a script that uses wandb, unchanged: <code>pannier run -- python train.py</code>
      </p>
      <p>
        Or say in it: <code>import pannier as wandb</code>
      </p>
    </Empty>
  );
}

/** The selected runs, or all that pass the filter, with the shown columns. */
async function download(of: RunsOf, columns: Columns, selected: readonly RunItem[]): Promise<void> {
  const runs = selected.length > 0 ? selected : (await loadRuns({ ...of, most: MOST_CSV })).runs;
  const fields = inOrder(columns);
  const cell = (run: RunItem, field: string) => {
    const value = valueOf(run, field);
    if (field === "created" || field === "updated") return new Date((value as number) / 1000).toISOString();
    return field === "tags" ? (value as string[]).join(" ") : value;
  };
  const head = ["id", ...fields.filter((field) => field !== "id").map((field) => (field.includes(".") ? field : titleOf(field)))];
  const rows = runs.map((run) => [run.run, ...fields.filter((field) => field !== "id").map((field) => cell(run, field))]);
  save(`${of.project}-runs.csv`, csv([head, ...rows]), "text/csv;charset=utf-8");
}
