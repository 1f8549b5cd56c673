import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { ComponentType } from "preact";
import { fakeRun } from "../panels/fake";

const RUNS = [
  fakeRun("a", { name: "calm", config: { lr: 0.1 }, tags: ["x"], sync: { state: "queued", remotes: {} } }),
  fakeRun("b", { name: "bold", config: { lr: 0.2 }, state: "running" }),
];
const KEYS = { metrics: [{ key: "loss", runs: 2, step_metric: null, hidden: false }], system: [], media: [], config: ["lr"], summary: [] };

let root: HTMLElement;
let asked: { method: string; url: URL; body: unknown }[];

function answer(method: string, { pathname }: URL): Response | Promise<Response> {
  if (pathname === "/v1/events") return new Promise(() => {});
  if (pathname === "/v1/keys") return Response.json(KEYS);
  if (pathname === "/v1/views") return Response.json({ views: [] });
  if (pathname === "/v1/series") return Response.json({ series: [] });
  if (pathname === "/v1/runs") return Response.json({ runs: RUNS, more: false, total: RUNS.length });
  const run = RUNS.find((one) => pathname === `/v1/runs/team/demo/${one.run}`);
  if (method === "DELETE") return new Response(null, { status: 204 });
  return run ? Response.json(run) : Response.json({ error: "nothing there" }, { status: 404 });
}

beforeEach(async () => {
  asked = [];
  root = document.body.appendChild(document.createElement("div"));
  // What jsdom lacks, and uPlot looks for when it is loaded.
  vi.stubGlobal("matchMedia", () => ({ addEventListener: () => {}, removeEventListener: () => {} }));
  vi.stubGlobal("fetch", (to: string, init: RequestInit) => {
    const url = new URL(to, "http://x");
    asked.push({ method: init.method!, url, body: init.body ? JSON.parse(String(init.body)) : undefined });
    return Promise.resolve(answer(init.method!, url));
  });
  const { me } = await import("../app");
  me.value = { user: "u", entity: "team", hub: false, everything: true, writes: [], version: "0" };
});
afterEach(() => {
  render(null, root);
  root.remove();
  vi.unstubAllGlobals();
});

async function show(page: "workspace" | "table" | "compare", search = ""): Promise<void> {
  const { go } = await import("../routes");
  go(`/team/demo/${page}${search}`);
  const modules = { workspace: () => import("./workspace"), table: () => import("./table"), compare: () => import("./compare") };
  const Page = (await modules[page]()).default as ComponentType<{ route: object }>;
  await act(() => render(<Page route={{ page, entity: "team", project: "demo" }} />, root));
}

const seen = (text: string) => vi.waitFor(() => expect(root.textContent).toContain(text), { timeout: 5000 });
const labelled = (label: string) => root.querySelector<HTMLElement>(`[aria-label="${label}"]`)!;
const button = (text: string) => [...root.querySelectorAll("button")].find((one) => one.textContent!.trim() === text)!;
const click = (element: HTMLElement) => act(() => element.click());
const lastRuns = () => asked.findLast((one) => one.url.pathname === "/v1/runs")!.url.searchParams;

function type(element: HTMLElement, text: string): Promise<void> {
  (element as HTMLInputElement).value = text;
  return act(() => void element.dispatchEvent(new Event("input", { bubbles: true })));
}

test("the workspace lists runs with their state and sync, hides one by its eye, and takes that back", async () => {
  await show("workspace");
  await seen("2 of 2 runs shown");
  expect(root.textContent).toContain("queued");
  await click(labelled("Show calm"));
  expect(root.textContent).toContain("1 of 2 runs shown");
  await vi.waitFor(() => expect(location.search).toBe("?eyes=-a"));
  await act(() => void dispatchEvent(new KeyboardEvent("keydown", { key: "z", ctrlKey: true })));
  expect(root.textContent).toContain("2 of 2 runs shown");
  expect(location.search).toBe("");
  await vi.waitFor(() => {
    const series = asked.filter((one) => one.url.pathname === "/v1/series");
    expect(series[0]!.body).toMatchObject({ keys: ["loss"], runs: ["b", "a"] });
  });
});

test("the filter box asks the server in Mongo's words, and says what is wrong", async () => {
  await show("workspace");
  await seen("2 of 2 runs shown");
  await type(labelled("Filter runs"), "config.lr >");
  expect(root.textContent).toContain("something is missing at the end");
  await type(labelled("Filter runs"), "config.lr > 0.1");
  await vi.waitFor(() => expect(lastRuns().get("filters")).toBe("{\"config.lr\":{\"$gt\":0.1}}"), { timeout: 3000 });
  await vi.waitFor(() => expect(location.search).toContain("f=config.lr"));
});

test("the table sorts by a column at the server", async () => {
  await show("table");
  await seen("calm");
  expect(lastRuns().get("order")).toBe("-createdAt");
  await click(button("lr"));
  await vi.waitFor(() => expect(lastRuns().get("order")).toBe("-config.lr"));
  await click(button("lr ↓"));
  await vi.waitFor(() => expect(lastRuns().get("order")).toBe("+config.lr"));
});

test("selected runs are compared, or deleted after a question", async () => {
  await show("table");
  await seen("calm");
  await click(labelled("Select all runs that are loaded"));
  expect(root.textContent).toContain("2 runs selected");
  expect(root.querySelector("a.project-button")!.getAttribute("href")).toBe("/team/demo/compare?runs=a,b");
  await click(button("Delete…"));
  expect(asked.some((one) => one.method === "DELETE")).toBe(false);
  await click(button("Delete 2 runs"));
  await vi.waitFor(() => expect(asked.filter((one) => one.method === "DELETE")).toHaveLength(2));
});

test("the comparison shows differences, and all where that is wanted", async () => {
  await show("compare", "?runs=a,b");
  await seen("Compare 2 runs");
  expect(root.textContent).toContain("0.1");
  const rows = () => [...root.querySelectorAll("tbody th[scope=row]")].map((one) => one.textContent);
  expect(rows()).toEqual(["state", "tags", "lr"]);
});
