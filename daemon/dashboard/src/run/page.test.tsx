import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Me, RunItem } from "../api";
import { me } from "../app";
import Page from "./page";

const RUN: RunItem = {
  entity: "e", project: "p", run: "r1", name: "first run", notes: "Some **notes**", tags: ["old"],
  state: "running", exit_code: null, created_us: 1e15, updated_us: 1e15, last_step: 9, history_rows: 10,
  config: { lr: 0.1, model: { layers: 3 } }, summary: { loss: 0.5 }, metadata: { program: { argv: ["train.py"] } }, definitions: [], dropped: 0,
  sync: { state: "failed", remotes: { hub: { state: "failed", last_step: 3, records: 4, records_queued: 6, bytes_queued: 100, oldest_unsent_us: 1e15, parked: "the hub refuses the token", last_error: null } } },
};
const ME: Me = { user: "u", entity: "e", hub: false, everything: true, writes: [], version: "0" };
const BASE = "/v1/runs/e/p/r1";

let asked: { method: string; url: string; body: unknown }[];
let root: HTMLElement;
const route = (tab: string, rest: string[] = []) => ({ page: "run" as const, entity: "e", project: "p", run: "r1", tab, rest });
const answers: Record<string, unknown> = {
  [BASE]: RUN,
  [`${BASE}/files`]: { list: [{ path: "media/a.txt", bytes: 5, updated_us: 1e15 }, { path: "README.md", bytes: 12, updated_us: 1e15 }] },
  "/v1/keys": { metrics: [{ key: "loss", runs: 1, step_metric: null, hidden: false }], system: [], media: [], config: [], summary: [] },
  [`${BASE}/metrics`]: { metrics: [{ key: "loss", count: 10, last: 0.5 }] },
};

function answer(url: string): Response | Promise<Response> {
  const { pathname } = new URL(url, "http://x");
  if (pathname === "/v1/events") return new Promise(() => {});
  if (pathname === `${BASE}/files/README.md`) return new Response("# Read me");
  if (pathname === `${BASE}/log`) return Response.json({ total: 2, lines: [{ n: 0, label: "", stderr: false, text: "\x1b[32mok\x1b[0m", time_us: 1e15 }, { n: 1, label: "", stderr: true, text: "oh no", time_us: 1e15 }] });
  const found = answers[pathname];
  return found ? Response.json(found) : Response.json({ error: "nothing there" }, { status: 404 });
}

async function show(tab: string, rest: string[] = []): Promise<void> {
  await act(() => render(<Page route={route(tab, rest)} />, root));
}
const seen = (text: string) => vi.waitFor(() => expect(root.textContent).toContain(text), { timeout: 5000 });
const button = (name: string) => [...root.querySelectorAll("button")].find((one) => (one.getAttribute("aria-label") ?? one.textContent) === name)!;

beforeEach(() => {
  [asked, root] = [[], document.body.appendChild(document.createElement("div"))];
  // What jsdom lacks, and uPlot looks for when it is loaded.
  vi.stubGlobal("matchMedia", () => ({ addEventListener: () => {}, removeEventListener: () => {} }));
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    asked.push({ method: init.method!, url, body: init.body ? JSON.parse(String(init.body)) : undefined });
    return Promise.resolve(init.method === "GET" ? answer(url) : Response.json(RUN));
  });
  me.value = ME;
});
afterEach(() => {
  render(null, root);
  root.remove();
  vi.unstubAllGlobals();
});
const sent = () => asked.filter((one) => one.method !== "GET");

describe("the page of a run", () => {
  it("says what the run is, and why it does not get on", async () => {
    await show("overview");
    await seen("first run");
    for (const text of ["python train.py", "the hub refuses the token", "0.5", "layers"]) await seen(text);
    expect(root.querySelector(".md strong")?.textContent).toBe("notes");
    await act(() => button("Retry the sync to hub").click());
    expect(sent()).toMatchObject([{ method: "POST", url: "/v1/remotes/hub/retry" }]);
  });

  it("is edited in its place", async () => {
    await show("overview");
    await seen("first run");
    await act(() => button("Edit the name").click());
    const input = root.querySelector<HTMLInputElement>("[aria-label='Name of the run']")!;
    await act(() => {
      input.value = "better";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await act(() => void input.form!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
    await act(() => button("Remove tag old").click());
    expect(sent()).toMatchObject([{ method: "PATCH", url: BASE, body: { name: "better" } }, { method: "PATCH", body: { tags: [] } }]);
  });

  it("is stopped, and deleted after a question", async () => {
    await show("overview");
    await seen("first run");
    await act(() => button("Stop").click());
    await act(() => button("Delete").click());
    expect(sent()).toHaveLength(1);
    await act(() => button("Delete the run").click());
    expect(sent()).toMatchObject([{ method: "POST", url: `${BASE}/stop` }, { method: "DELETE", url: BASE }]);
  });

  it("offers nothing to those who may only look", async () => {
    me.value = { ...ME, everything: false };
    await show("overview");
    await seen("first run");
    expect([button("Stop"), button("Delete"), button("Edit the name")]).toEqual([undefined, undefined, undefined]);
  });

  it("shows the console with its colours", async () => {
    await show("logs");
    await seen("oh no");
    expect(root.querySelector(".ansi-fg-2")?.textContent).toBe("ok");
    expect(root.querySelectorAll(".run-line.stderr")).toHaveLength(1);
    expect(root.textContent).toContain("2 lines");
  });

  it("shows files, and one of them", async () => {
    await show("files", ["README.md"]);
    await seen("Read me");
    expect(root.querySelector(".run-look h1")?.textContent).toBe("Read me");
    expect(root.querySelector("summary")?.textContent).toContain("media/");
  });

  it("has a chart for each metric", async () => {
    await show("charts");
    await vi.waitFor(() => expect(root.querySelector("[data-testid='chart-loss']")).not.toBeNull(), { timeout: 3000 });
  });

  it("says so where there is no such tab", async () => {
    await show("nonsense");
    await seen("no tab called nonsense");
  });
});
