/** How far a run is on its way to each remote, why not further, and the button that tries again. */
import { path, post, type RunAtRemote, type Sync } from "../api";
import { isHub } from "../live";
import { ago, bytes, count, number } from "../ui/format";
import { tried } from "../ui/toast";
import { Words } from "../ui/words";

/** Asks a remote again. */
export async function retry(remote: string, again: () => void): Promise<void> {
  if (await tried(() => post(path`/v1/remotes/${remote}/retry`), `${remote} is asked again`)) again();
}

export function SyncList({ sync, again }: { sync: Sync; again: () => void }) {
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
    <ul class="run-sync">
      {remotes.map(([name, at]) => (
        <Remote key={name} name={name} at={at} again={again} />
      ))}
    </ul>
  );
}

function Remote({ name, at, again }: { name: string; at: RunAtRemote; again: () => void }) {
  const error = at.parked ?? at.last_error;
  const here = at.records + at.records_queued;
  const done = at.records_queued === 0;
  return (
    <li>
      <strong>{name}:</strong> {error ? <span class="run-error"><Words text={error} /></span> : done ? "has all of it" : "under way"}
      {(error || !done) && (
        <button aria-label={`Retry ${name} now`} onClick={() => void retry(name, again)}>
          Retry
        </button>
      )}
      <progress max={here || 1} value={here ? at.records : 1} aria-label={`Records at ${name}`} />
      <p class="dim">
        {number(at.records)} of {count(here, "record")} there
        {!done && `, ${number(at.records_queued)} queued (${bytes(at.bytes_queued)})`}
        {at.oldest_unsent_us !== null && !done && `, the oldest since ${ago(at.oldest_unsent_us)}`}
      </p>
    </li>
  );
}
