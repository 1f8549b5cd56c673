/** Words with a colour: the state of a run, and how far it is on its way. */
import type { RunState, Sync, SyncState } from "../api";
import { isHub } from "../live";
import { ago, count } from "./format";

export function StateBadge({ state }: { state: RunState }) {
  return <span class={`badge state-${state}`}>{state}</span>;
}

const SAID: Record<SyncState, string> = { here: "here only", queued: "queued", sent: "at remote", failed: "failed" };

/** What the tooltip says about each remote. */
export function syncDetails(sync: Sync): string {
  const lines = Object.entries(sync.remotes).map(([remote, at]) => {
    const why = at.parked ?? at.last_error;
    if (at.records_queued === 0) return `${remote}: has all of it`;
    const since = at.oldest_unsent_us ? `, since ${ago(at.oldest_unsent_us)}` : "";
    return `${remote}: ${count(at.records_queued, "record")} queued${since}${why ? ` – ${why}` : ""}`;
  });
  return lines.join("\n") || "no remote: it is on this machine only";
}

/** Nothing at a hub, where things are sent to: that they are nowhere else says nothing there. */
export function SyncBadge({ sync }: { sync: Sync }) {
  if (isHub() && sync.state === "here") return null;
  return (
    <span class={`badge sync-${sync.state}`} title={syncDetails(sync)}>
      {SAID[sync.state]}
    </span>
  );
}
