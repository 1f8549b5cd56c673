/** The reports of a project, and a way to begin one. */
import { useCallback, useState } from "preact/hooks";

import { get, path, post, type Changed, type View, type Views } from "../api";
import { useData } from "../data";
import { useChanges } from "../events";
import { go, query, setQuery, to } from "../routes";
import { SyncBadge } from "../ui/badge";
import { ago, time } from "../ui/format";
import { Empty, Shown } from "../ui/state";
import { tried } from "../ui/toast";
import { EMPTY_SPEC } from "./doc";
import { DRAFT, REPORT, isReport, matching } from "./views";
import "./reports.css";

type Props = { route: { entity: string; project: string } };

export default function ReportsPage({ route: { entity, project } }: Props) {
  const all = useData((abort) => get<Views>("/v1/views", { entity, project }, abort), [entity, project]);
  const listen = useCallback((changed: Changed) => (changed.views || changed.sync) && all.again(), [all.again]);
  useChanges({ entity, project }, listen);
  const wanted = query("q") ?? "";
  return (
    <div class="page">
      <header class="reports-bar">
        <h1>Reports</h1>
        <input
          type="search"
          aria-label="Search reports"
          placeholder="Search reports"
          value={wanted}
          onInput={(event) => setQuery({ q: event.currentTarget.value })}
        />
        <NewReport entity={entity} project={project} />
      </header>
      <Shown of={all} what="the reports">
        {({ views }) => <List reports={views.filter(isReport)} wanted={wanted} />}
      </Shown>
    </div>
  );
}

function NewReport({ entity, project }: { entity: string; project: string }) {
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    const body = { type: REPORT, display_name: "Untitled report", description: "", spec: EMPTY_SPEC };
    await tried(async () => {
      const view = await post<View>(path`/v1/views/${entity}/${project}`, body);
      go(`${to.report(entity, project, view.display_name, view.link_id)}/edit`);
    });
    setBusy(false);
  };
  return (
    <button class="main" disabled={busy} onClick={make}>
      New report
    </button>
  );
}

function List({ reports, wanted }: { reports: View[]; wanted: string }) {
  const found = matching(reports, wanted);
  if (reports.length === 0) {
    return (
      <Empty title="No reports yet">
        <p>A report says in words and charts what came out. Begin one here, or save one from Python:</p>
        <pre class="reports-hint">{HINT}</pre>
      </Empty>
    );
  }
  if (found.length === 0) return <Empty title={`No report says “${wanted}”`}>Search looks through titles, descriptions and authors.</Empty>;
  return (
    <ul class="reports-list" aria-label="Reports">
      {found.map((report) => (
        <li key={report.id}>
          <div>
            <a href={to.report(report.entity, report.project, report.display_name, report.link_id)}>{report.display_name || "Untitled report"}</a>
            {report.type === DRAFT && <span class="badge">draft</span>}
            {report.description && <p class="dim">{report.description}</p>}
          </div>
          <span class="dim reports-by">
            {report.by && `${report.by}, `}
            <time title={time(report.updated_us)}>{ago(report.updated_us)}</time>
          </span>
          <SyncBadge sync={report.sync} />
        </li>
      ))}
    </ul>
  );
}

const HINT = `import pannier.reports as wr

wr.Report(project="…", title="…", blocks=[wr.H1("Results")]).save()`;
