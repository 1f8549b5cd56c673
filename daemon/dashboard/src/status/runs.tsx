/** How far each run and project is with each remote, and why it goes no further. */
import type { RunAtRemote, RunStatus, Status, SyncState } from "../api";
import { query, setQuery, to } from "../routes";
import { retry } from "../run/sync";
import { StateBadge } from "../ui/badge";
import { ago, bytes, count } from "../ui/format";
import { Words } from "../ui/words";
import { waiting } from "./state";

const FILTERS = [
  ["all", "All"],
  ["failed", "Failed"],
  ["queued", "Queued"],
  ["sent", "At every remote"],
] as const;

export function Runs({ status, again }: { status: Status; again: () => void }) {
  const only = (FILTERS.find(([name]) => name === query("show"))?.[0] ?? "all") as Parameters<typeof waiting>[1];
  const shown = waiting(status.runs, only);
  return (
    <section aria-label="Runs and projects">
      <div class="status-head">
        <h2>Runs and projects</h2>
        {status.remotes.length > 0 && (
          <select aria-label="Show runs and projects" value={only} onChange={(event) => setQuery({ show: event.currentTarget.value })}>
            {FILTERS.map(([name, title]) => (
              <option key={name} value={name}>
                {title} ({waiting(status.runs, name).length})
              </option>
            ))}
          </select>
        )}
      </div>
      {shown.length === 0 ? (
        <p class="dim">{status.runs.length === 0 ? "No runs yet." : "None."}</p>
      ) : (
        <Table runs={shown} remotes={status.remotes.length > 0} again={again} />
      )}
      {status.runs_left_out > 0 && (
        <p class="dim">
          And {count(status.runs_left_out, "older run")}; <code>pannier runs list</code> has them.
        </p>
      )}
    </section>
  );
}

function Table({ runs, remotes, again }: { runs: RunStatus[]; remotes: boolean; again: () => void }) {
  return (
    <div class="status-scroll">
      <table class="status-table">
        <thead>
          <tr>
            <th>Run or project</th>
            <th>State</th>
            <th class="status-number">Last step</th>
            <th class="status-number">Records</th>
            {remotes && <th>Remotes</th>}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row key={`${run.entity}/${run.project}/${run.run}`} run={run} remotes={remotes} again={again} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ run, remotes, again }: { run: RunStatus; remotes: boolean; again: () => void }) {
  const project = `${run.entity}/${run.project}`;
  return (
    <tr>
      <td>
        {run.state === null ? (
          <>
            <a href={to.project(run.entity, run.project)}>{project}</a> {run.name && <span class="dim">{run.run}</span>}
          </>
        ) : (
          <>
            <a href={to.run(run.entity, run.project, run.run)}>{run.name || run.run}</a> <span class="dim">{project}</span>
          </>
        )}
      </td>
      <td>{run.state === null ? <span class="dim">{run.name ? "deleted" : "project"}</span> : <StateBadge state={run.state} />}</td>
      <td class="status-number" data-label={run.last_step === null ? undefined : "Last step"}>
        {run.last_step}
      </td>
      <td class="status-number" data-label="Records">
        {run.records.toLocaleString("en-US")}
      </td>
      {remotes && (
        <td>
          {Object.entries(run.remotes).map(([name, at]) => (
            <AtRemote key={name} name={name} at={at} again={again} />
          ))}
        </td>
      )}
    </tr>
  );
}

const SAID: Record<SyncState, string> = { here: "here only", sent: "has all of it", queued: "queued", failed: "failed" };

function AtRemote({ name, at, again }: { name: string; at: RunAtRemote; again: () => void }) {
  const why = at.parked ?? at.last_error;
  return (
    <div class="status-at">
      <span class={`badge sync-${at.state}`}>
        {name}: {SAID[at.state]}
      </span>
      {at.records_queued > 0 && (
        <span>
          {count(at.records_queued, "record")}, {bytes(at.bytes_queued)}
          {at.oldest_unsent_us !== null && <span class="dim">, the oldest {ago(at.oldest_unsent_us)}</span>}
        </span>
      )}
      {why && <span class="status-why"><Words text={why} /></span>}
      {at.state === "failed" && (
        <button onClick={() => void retry(name, again)} aria-label={`Retry ${name} now`}>
          Retry now
        </button>
      )}
    </div>
  );
}
