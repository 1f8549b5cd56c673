/** What a machine's state comes to, in words, and what of its runs waits. Pure. */
import type { Problem, RemoteStatus, RunStatus, Status, SyncState } from "../api";

export type Mood = "good" | "busy" | "warn" | "bad";

/** The one line that says how things stand. */
export function verdict(status: Status): { mood: Mood; said: string } {
  const parked = status.runs.filter((run) => Object.values(run.remotes).some((at) => at.parked)).length;
  const refused = status.remotes.find((remote) => remote.state === "unauthorized");
  if (refused) return { mood: "bad", said: `${refused.name} refuses the token: somebody has to act` };
  if (parked > 0) return { mood: "bad", said: `${parked === 1 ? "One run or project waits" : `${parked} runs and projects wait`} until somebody acts` };
  const away = status.remotes.filter((remote) => remote.last_error !== null);
  if (away.length > 0) return { mood: "warn", said: `${away.map((one) => one.name).join(", ")} cannot be reached; everything is kept here until then` };
  if (status.remotes.length === 0) return { mood: "good", said: "Everything is here; no remote is set up" };
  const queued = status.remotes.reduce((sum, remote) => sum + remote.records_queued, 0);
  if (queued > 0 || status.spool_bytes > 0 || status.storing > 0) return { mood: "busy", said: "On its way to the remotes" };
  return { mood: "good", said: "Everything is at every remote" };
}

/** Runs and projects of which something waits: all, or those of which a remote has so much. */
export function waiting(runs: RunStatus[], only: "all" | Exclude<SyncState, "here">): RunStatus[] {
  if (only === "all") return runs;
  return runs.filter(({ remotes }) => {
    const states = Object.values(remotes).map((at) => at.state);
    return only === "sent" ? states.every((state) => state === "sent") : states.includes(only);
  });
}

/** Problems that are not said already beside their remote. */
export function others(problems: Problem[], remotes: RemoteStatus[]): Problem[] {
  return problems.filter((problem) => !remotes.some((remote) => remote.last_error === problem.what));
}

const STATES: Record<string, { mood: Mood; said: string }> = {
  connected: { mood: "good", said: "connected" },
  idle: { mood: "good", said: "idle: nothing to send" },
  carried: { mood: "good", said: "carried by hand, in bundles" },
  waiting: { mood: "warn", said: "waiting to try again" },
  unreachable: { mood: "warn", said: "unreachable" },
  unauthorized: { mood: "bad", said: "refuses the token" },
};

/** What a remote's state means. */
export function stateOf(remote: RemoteStatus, runs: RunStatus[]): { mood: Mood; said: string } {
  const refused = runs.some((run) => run.remotes[remote.name]?.parked);
  if (refused && (remote.state === "idle" || remote.state === "connected")) return { mood: "bad", said: "refuses some of it" };
  if (remote.state === "idle" && remote.records_queued > 0) return { mood: "good", said: "connected" };
  return STATES[remote.state] ?? { mood: "warn", said: remote.state };
}
