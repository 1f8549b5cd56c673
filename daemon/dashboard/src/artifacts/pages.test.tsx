import { act } from "preact/test-utils";
import { expect, test } from "vitest";

import type { ArtifactView, MoveView } from "../api";
import { me } from "../app";
import { History } from "./history";
import { button, press, root, server, show, type, writes } from "./testing";
import { VersionPage } from "./version";

const of = { entity: "e", project: "p", collection: "net" };
const alias = (name: string, conflict = false) => ({ alias: name, time_us: 1e15, by: "ann", conflict });
const parked = {
  state: "failed" as const, last_step: 1, records: 3, records_queued: 2, bytes_queued: 100, oldest_unsent_us: null, parked: "the hub refuses it", last_error: null,
};
const place = { entity: "e", project: "p", collection: "net", version: 3, provisional: true, was: 2, link: false, aliases: [alias("latest"), alias("best", true)], since_us: 1e15, by: "ann" };
const version: ArtifactView = {
  ...place, id: "id3", type: "model", digest: "d1", size: 2000, file_count: 1, created_us: 1e15, updated_us: null, tags: ["t"],
  description: null, metadata: { lr: 0.1 }, ttl_s: null, places: [place], logged_by: [{ entity: "e", project: "p", run: "train" }],
  used_by: [], sync: { state: "failed", remotes: { hub: parked } }, fetched: null, missing_bytes: 500,
};

const page = (tab: string) => <VersionPage of={of} version="v3" tab={tab} up={[]} />;

test("a version says its number's story, its way to the remotes and what is not here", async () => {
  server({ "net%3Av3": version });
  await show(page("overview"));
  for (const said of ["net:v3", "provisional", "was v2", "hub: failed", "the hub refuses it", "500 B are elsewhere", "In conflict"]) {
    expect(root().textContent).toContain(said);
  }
  await press("Retry hub now");
  expect(writes()).toEqual([{ method: "POST", to: "/v1/remotes/hub/retry", body: {} }]);
});

test("aliases are added and taken away in place; `latest` is not", async () => {
  server({ "net%3Av3": version });
  await show(page("overview"));
  await type("Alias to add", "prod, eu");
  await press("Add alias");
  await press("Take best away");
  const to = "/v1/collections/e/p/net/aliases";
  expect(writes()).toEqual([
    { method: "POST", to, body: { artifact: "id3", add: ["prod", "eu"], remove: [] } },
    { method: "POST", to, body: { artifact: "id3", add: [], remove: ["best"] } },
  ]);
  expect(() => button("Take latest away")).toThrow();
});

test("who may not write is shown no way to", async () => {
  me.value = { ...me.value!, everything: false, writes: ["other"] };
  server({ "net%3Av3": version });
  await show(page("overview"));
  for (const name of ["Add alias", "Delete version", "Take best away"]) expect(() => button(name)).toThrow();
});

test("a version that has names is deleted only when that is said", async () => {
  server({ "net%3Av3": version });
  await show(page("overview"));
  await press("Delete version");
  expect(button("Delete for ever").disabled).toBe(true);
  await act(() => root().querySelector<HTMLInputElement>("dialog input[type=checkbox]")!.click());
  await press("Delete for ever");
  expect(writes()).toEqual([{ method: "DELETE", to: "/v1/artifacts/e/p/net%3Av3?with_aliases=true", body: undefined }]);
});

test("a conflict shows both sides, and is settled at one of them", async () => {
  const move = (number: number, by: string, origin: string): MoveView => ({
    alias: "best", version: number, to: `id${number}`, time_us: 1e15, by, origin, stands: true,
  });
  server({ "/moves": { moves: [move(3, "bob", "b".repeat(32)), move(1, "ann", "a".repeat(32))] }, "/v1/status": { origin: "a".repeat(32) } });
  await show(<History of={of} type="model" />);
  const box = root().querySelector('[aria-label="best is in conflict"]')!;
  expect(box.textContent).toContain("v3");
  expect(box.textContent).toContain("by bob, on home bbbbbbbb");
  expect(box.textContent).toContain("by ann, on this machine");
  await press("Settle at v1");
  expect(writes()).toEqual([
    { method: "POST", to: "/v1/collections/e/p/net/aliases", body: { artifact: "id1", add: ["best"], remove: [] } },
  ]);
});

test("lineage: nodes are links to their pages, with names that are read out", async () => {
  const nodes = [
    { key: "a", name: "e/p/net:v3", kind: "artifact", id: "id3", type: "model", aliases: ["best"] },
    { key: "r", name: "e/p/train", kind: "run", display_name: "calm-river", state: "finished", job_type: null, entity: "e", project: "p", run: "train" },
    { key: "l", name: "o/wandb-registry-m/net:v0", kind: "link", aliases: ["prod"] },
  ];
  const edges = [{ from: "r", to: "a", how: "made" }, { from: "a", to: "l", how: "linked" }];
  server({ "/lineage": { nodes, edges, cut: true }, "net%3Av3": version });
  await show(page("lineage"));
  const links = [...root().querySelectorAll("svg a")].map((link) => [link.getAttribute("href"), link.getAttribute("aria-label")]);
  expect(links).toEqual([
    ["/e/p/artifacts/model/net/v3/lineage", "version net:v3, model, best"],
    ["/e/p/runs/train", "run calm-river, run, finished"],
    ["/registry/o/m/net/v0", "link to a registry net:v0, m, prod"],
  ]);
  expect(root().textContent).toContain("There is more than is drawn here");
});
