import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { MediaItem } from "../api";
import { MediaPanel } from "./media-panel";

const BASE = "/v1/runs/e/p/r";
const ARTIFACT = "/v1/artifacts/e/p/run-r-t%3Av3";
let items: Record<string, MediaItem[]>;
let asked: string[];
let root: HTMLElement;

function answer(url: string, init: RequestInit): unknown {
  const { pathname, searchParams } = new URL(url, "http://x");
  asked.push(pathname);
  if (pathname === `${BASE}/media`) return { items: items[searchParams.get("key")!] ?? [] };
  if (pathname === BASE) return { metadata: {} };
  if (pathname === `${BASE}/frame/page.html`) return { url: "/blob/frame" };
  if (pathname === `${BASE}/files/t.json`) return { columns: ["a"], data: [["of the run"]] };
  if (pathname === `${ARTIFACT}/files/t.table.json`) return { columns: ["a", "b"], data: [[{ _type: "html-file", path: "cell.html" }, "of the artifact"]] };
  if (pathname === "/graphql" && String(init.body).includes("clientIDMapping")) return { data: { clientIDMapping: { serverID: "id" } } };
  if (pathname === "/graphql") return { data: { artifact: { versionIndex: 3, artifactSequence: { name: "run-r-t", project: { name: "p", entity: { name: "e" } } } } } };
  return undefined;
}

beforeEach(() => {
  [asked, items, root] = [[], {}, document.body.appendChild(document.createElement("div"))];
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const found = answer(url, init);
    return found === undefined ? new Promise(() => {}) : Promise.resolve(Response.json(found));
  });
});
afterEach(() => {
  render(null, root);
  root.remove();
  vi.unstubAllGlobals();
});

async function show(key: string, more: { step?: number } = {}): Promise<void> {
  await act(() => render(<MediaPanel entity="e" project="p" run="r" mediaKey={key} {...more} />, root));
}
const seen = (text: string) => vi.waitFor(() => expect(root.textContent).toContain(text));

describe("a panel of media", () => {
  it("shows the newest step, and others by the slider", async () => {
    items["h"] = [0, 10, 20].map((step) => ({ step, value: { _type: "histogram", bins: [0, 1, 2], values: [step, 1] } }));
    await show("h");
    await seen("step 20");
    expect(root.textContent).toContain("21 values");
    const slider = root.querySelector<HTMLInputElement>("input[type=range]")!;
    expect(slider.getAttribute("aria-valuetext")).toBe("step 20");
    await act(() => {
      slider.value = "1";
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    });
    expect(root.textContent).toContain("11 values");
    await act(() => root.querySelector<HTMLElement>("[aria-label='Step before, h']")!.click());
    expect(root.querySelector("output")?.textContent).toBe("step 0");
  });

  it("shows what was last at a step that is given", async () => {
    items["h"] = [5, 10].map((step) => ({ step, value: { _type: "histogram", bins: [0, 1], values: [step] } }));
    await show("h", { step: 7 });
    await seen("5 values");
    await show("h", { step: 1 });
    await seen("Nothing was logged up to this step");
  });

  it("puts a user's page in a frame without privileges", async () => {
    items["p"] = [{ step: 0, value: { _type: "html-file", path: "page.html" } }];
    await show("p");
    const frame = await vi.waitFor(() => root.querySelector("iframe") ?? expect.unreachable());
    expect([frame.getAttribute("sandbox"), frame.getAttribute("src")]).toEqual(["allow-scripts", "/blob/frame"]);
  });

  it("shows the table of the artifact, with its media, where there is one", async () => {
    items["t"] = [{ step: 0, value: { _type: "table-file", path: "t.json", nrows: 1, artifact_path: "wandb-client-artifact://abc/t.table.json" } }];
    await show("t");
    await seen("of the artifact");
    await vi.waitFor(() => expect(asked).toContain(`${ARTIFACT}/frame/cell.html`));
    expect(root.textContent).toContain("1 row");
  });

  it("shows the run's own table where there is no artifact", async () => {
    items["t"] = [{ step: 0, value: { _type: "table-file", path: "t.json" } }];
    await show("t");
    await seen("of the run");
  });

  it("names what cannot be shown, and what is not there", async () => {
    items["o"] = [{ step: 0, value: { _type: "object3D-file", path: "o.obj", size: 2000 } }];
    await show("o");
    await seen("A 3D object cannot be shown here. It has 2.0 KB.");
    await show("none");
    await seen("Nothing was logged under this key");
  });
});
