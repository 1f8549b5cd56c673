/** How far a run is on its way to each remote, why not further, and the button that tries again. */
import { path, post, type RunAtRemote, type Sync } from "../api";
import { isHub } from "../artifacts/live";
import { ago, bytes, number } from "../ui/format";
import { tried } from "../ui/toast";

/** Asks a remote again. */
export async function retry(remote: string, again: () => void): Promise<void> {
  if (await tried(() => post(path`/v1/remotes/${remote}/retry`), `${remote} is asked again`)) again();
}

export function SyncTable({ sync, again }: { sync: Sync; again: () => void }) {
  const remotes = Object.entries(sync.remotes);
  if (remotes.length === 0) {
    if (isHub()) return <p class="dim">It is here, at the hub.</p>;
    return (
      <p class="dim">
        It is on this machine only. <code>pannier remote add NAME URL</code> brings runs elsewhere.
      </p>
    );
  }
  return (
    <div class="run-sync">
      <table>
        <thead>
          <tr>
            <th>Remote</th>
            <th>Records here</th>
            <th>There</th>
            <th>Queued</th>
            <th>Oldest</th>
            <th>State</th>
          </tr>
        </thead>
        <tbody>
          {remotes.map(([name, at]) => (
            <Row key={name} name={name} at={at} again={again} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ name, at, again }: { name: string; at: RunAtRemote; again: () => void }) {
  const error = at.parked ?? at.last_error;
  return (
    <tr>
      <td>{name}</td>
      <td class="run-number">{number(at.records + at.records_queued)}</td>
      <td class="run-number">{number(at.records)}</td>
      <td class="run-number">
        {number(at.records_queued)}
        {at.bytes_queued > 0 && ` (${bytes(at.bytes_queued)})`}
      </td>
      <td>{at.oldest_unsent_us === null ? "–" : ago(at.oldest_unsent_us)}</td>
      <td>
        {error ? <span class="run-error">{error}</span> : at.records_queued === 0 ? "has all of it" : "under way"}{" "}
        {(error || at.records_queued > 0) && (
          <button aria-label={`Retry ${name} now`} onClick={() => void retry(name, again)}>
            Retry
          </button>
        )}
      </td>
    </tr>
  );
}
