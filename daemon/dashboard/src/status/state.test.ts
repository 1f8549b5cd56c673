import { expect, test } from "vitest";

import type { RemoteStatus, RunAtRemote, RunStatus, Status } from "../api";
import { others, stateOf, verdict, waiting } from "./state";

const at = (queued: number, parked: string | null = null): RunAtRemote => ({
  state: parked ? "failed" : queued > 0 ? "queued" : "sent", last_step: null, records: 1, records_queued: queued, bytes_queued: queued, oldest_unsent_us: null, parked, last_error: null,
});
const run = (id: string, remotes: Record<string, RunAtRemote>): RunStatus => ({
  name: id, state: "running", last_step: null, records: 1, remotes, entity: "e", project: "p", run: id,
});
const remote = (state: string, queued = 0, error: string | null = null): RemoteStatus => ({
  name: "hub", url: "https://hub", state, last_error: error, retry_in_s: null, records_queued: queued, bytes_queued: 0,
  records_sent: 0, last_contact_us: null,
});
const status = (remotes: RemoteStatus[], runs: RunStatus[] = [], more: Partial<Status> = {}): Status => ({
  version: "1", pid: 1, origin: "0", home: "/h", uptime_s: 1, writers: 0, spool_bytes: 0, storing: 0, disk: { home_bytes: 0, blob_bytes: 0, free_bytes: 0, budget_bytes: null }, remotes, runs,
  runs_left_out: 0, problems: [], ...more,
});

test("what needs somebody comes before what waits, and that before what is well", () => {
  expect(verdict(status([])).mood).toBe("good");
  expect(verdict(status([remote("idle")])).said).toBe("Everything is at every remote");
  expect(verdict(status([remote("connected", 5)])).mood).toBe("busy");
  expect(verdict(status([remote("idle")], [], { storing: 1 })).mood).toBe("busy");
  expect(verdict(status([remote("unreachable", 5, "no route")])).mood).toBe("warn");
  expect(verdict(status([remote("unreachable", 5, "no route")], [run("a", { hub: at(1, "refused") })])).mood).toBe("bad");
  expect(verdict(status([remote("unauthorized", 0, "401")])).said).toContain("refuses the token");
});

test("runs by what of them waits", () => {
  const runs = [run("sent", { hub: at(0), two: at(0) }), run("queued", { hub: at(0), two: at(3) }), run("parked", { hub: at(1, "no") })];
  const ids = (only: Parameters<typeof waiting>[1]) => waiting(runs, only).map((one) => one.run);
  expect(ids("all")).toHaveLength(3);
  expect(ids("sent")).toEqual(["sent"]);
  expect(ids("queued")).toEqual(["queued"]);
  expect(ids("failed")).toEqual(["parked"]);
});

test("a problem that is said beside its remote is not said twice", () => {
  const problem = (what: string) => ({ object: "x", what, hint: "", time_us: 0, count: 1 });
  expect(others([problem("no route"), problem("disk full")], [remote("unreachable", 0, "no route")]).map((one) => one.what)).toEqual(["disk full"]);
});

test("a remote that has refused something is not merely idle", () => {
  expect(stateOf(remote("idle"), []).said).toBe("idle: nothing to send");
  expect(stateOf(remote("idle", 3), [run("a", { hub: at(3) })]).said).toBe("connected");
  expect(stateOf(remote("idle", 3), [run("a", { hub: at(3, "no") })]).mood).toBe("bad");
  expect(stateOf(remote("unheard-of"), []).said).toBe("unheard-of");
});
