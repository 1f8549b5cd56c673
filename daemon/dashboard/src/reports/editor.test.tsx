import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { SaveView, View } from "../api";
import { parseDoc } from "./doc";
import { Editor } from "./editor";
import textsSpec from "./fixtures/texts.json?raw";

vi.hoisted(() => (globalThis.matchMedia ??= (() => ({ addEventListener: () => undefined })) as unknown as typeof matchMedia));

const view = {
  id: "1", link_id: "Vmlldzox", entity: "team", project: "demo", type: "runs", name: "n", display_name: "Title", description: "",
  by: "ann", created_us: 1, updated_us: 7, spec: textsSpec, sync: { state: "here", remotes: {} },
} as View;

let page: HTMLElement;
let saved: SaveView[];
let conflict: boolean;
const done = vi.fn();

const answer = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

const open = () => act(() => render(<Editor view={view} doc={parseDoc(textsSpec)!} onDone={done} onReload={() => undefined} />, page));

beforeEach(async () => {
  localStorage.clear();
  page = document.body.appendChild(document.createElement("div"));
  saved = [];
  conflict = false;
  vi.stubGlobal("fetch", async (_: string, { method, body }: { method: string; body?: string }) => {
    if (method === "GET") return answer({ ...view, by: "bob", updated_us: Date.now() * 1000 });
    if (method === "PUT" && conflict) return answer({ error: "saved since" }, 409);
    saved.push(JSON.parse(body!) as SaveView);
    return answer({ ...view, ...saved.at(-1)! });
  });
  await open();
});

afterEach(() => {
  render(null, page);
  page.remove();
  vi.unstubAllGlobals();
  done.mockClear();
});

const find = <T extends Element>(selector: string): T => {
  const found = page.querySelector<T>(selector);
  if (!found) throw new Error(`there is no ${selector}`);
  return found;
};
const button = (name: string) => {
  const called = (one: Element) => (one.closest("[aria-label]") === one ? one : one.querySelector("[aria-label]"))?.getAttribute("aria-label");
  const named = [...page.querySelectorAll("button")].filter((one) => (called(one) ?? one.textContent) === name);
  if (!named[0]) throw new Error(`there is no button ${name}`);
  return named[0];
};
const click = (name: string) => act(async () => button(name).click());
const type = (field: HTMLInputElement | HTMLTextAreaElement, text: string) =>
  act(() => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
const settled = () => act(() => new Promise((next) => setTimeout(next)));

describe("the editor", () => {
  it("saves what was changed over what was edited, and all else as it was", async () => {
    await click("Edit Heading 3");
    await type(find("textarea"), "## Findings");
    await click("Done");
    await click("Remove List 6");
    await click("Save");
    await settled();
    expect(saved).toHaveLength(1);
    expect(saved[0]).toMatchObject({ type: "runs", name: "n", display_name: "Title", based_on_us: 7 });
    const raws = parseDoc(textsSpec)!.pieces.map((one) => one.raw);
    const kept = parseDoc(saved[0]!.spec)!.pieces.map((one) => one.raw);
    expect(kept).toEqual(raws.flatMap((raw, at) => (at === 2 ? [raw.replace("Results", "Findings").replace('"level":1', '"level":2')] : at === 5 ? [] : [raw])));
    expect(done).toHaveBeenCalledOnce();
  });

  it("takes what is being typed with it when it saves by key", async () => {
    await click("Edit Heading 3");
    find<HTMLTextAreaElement>("textarea").focus();
    await type(find("textarea"), "# Typed");
    await act(async () => void find("textarea").dispatchEvent(new KeyboardEvent("keydown", { key: "s", ctrlKey: true, bubbles: true })));
    await settled();
    expect(saved[0]!.spec).toContain('"text":"Typed"');
  });

  it("undoes and does again, to the byte", async () => {
    await click("Move Heading 3 up");
    await type(find(".reports-title"), "Other");
    await click("Undo");
    expect(find<HTMLInputElement>(".reports-title").value).toBe("Title");
    await act(() => void document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true })));
    await click("Save");
    await settled();
    expect(saved[0]!.spec).toBe(textsSpec);
  });

  it("says who saved since, and saves a copy instead", async () => {
    conflict = true;
    await type(find(".reports-title"), "Mine");
    await click("Save");
    await settled();
    await settled();
    expect(find("dialog").textContent).toContain("bob saved it just now");
    expect(done).not.toHaveBeenCalled();
    await click("Save mine as a copy");
    await settled();
    expect(saved[0]).toMatchObject({ display_name: "Mine (my copy)" });
    expect(saved[0]!.based_on_us).toBeUndefined();
  });

  it("has again what was not saved when the page was left", async () => {
    await type(find(".reports-title"), "Half done");
    await act(() => new Promise((next) => setTimeout(next, 450)));
    await act(() => render(null, page));
    await open();
    expect(find<HTMLInputElement>(".reports-title").value).toBe("Half done");
    await click("Undo");
    expect(find<HTMLInputElement>(".reports-title").value).toBe("Title");
    await click("Redo");
    await click("Save");
    await settled();
    expect(saved[0]).toMatchObject({ display_name: "Half done", based_on_us: 7 });
    expect(localStorage.length).toBe(0);
  });

  it("adds blocks where it is asked to, and opens them", async () => {
    await click("Add a block after Heading 3");
    await click("Code");
    await type(find("textarea"), "x = 1");
    await click("Done");
    await click("Save");
    await settled();
    expect(parseDoc(saved[0]!.spec)!.pieces[3]!.block).toEqual({
      type: "code-block", language: "python", children: [{ type: "code-line", children: [{ text: "x = 1" }], language: "python" }],
    });
  });
});
