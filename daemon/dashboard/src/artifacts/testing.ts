/** For tests: pages of artifacts, registries and the status in jsdom, before a server that answers what is said. */
import { render, type ComponentChild } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, vi } from "vitest";

import { me } from "../app";

let asked: { method: string; to: string; body: unknown }[];
let page: HTMLElement;

/** Answers by the end of the path, or by `METHOD end`: a body, or `[status, body]`. What is not among them is `{}`. */
export function server(answers: Record<string, unknown>): void {
  asked = [];
  vi.stubGlobal("scrollTo", () => {});
  vi.stubGlobal("fetch", (to: string, { method, body }: { method: string; body?: string }) => {
    asked.push({ method, to, body: body ? JSON.parse(body) : undefined });
    if (to.startsWith("/v1/events")) return new Promise(() => {});
    const fits = ([key]: [string, unknown]) => {
      const [only, end] = key.includes(" ") ? key.split(" ") : [method, key];
      return only === method && to.endsWith(end!);
    };
    const answer = Object.entries(answers).find(fits)?.[1] ?? {};
    const [status, said] = Array.isArray(answer) ? (answer as [number, unknown]) : [200, answer];
    return Promise.resolve(new Response(JSON.stringify(said), { status }));
  });
}

/** What was asked that changes something. */
export const writes = () => asked.filter((one) => one.method !== "GET");

export const root = () => page;

/** Until nothing loads any more. */
async function settled(): Promise<void> {
  await vi.waitFor(async () => {
    await act(() => new Promise<void>((done) => setTimeout(done, 1)));
    expect(page.querySelector(".loading")).toBeNull();
  });
}

export async function show(what: ComponentChild): Promise<void> {
  await act(() => render(what, page));
  await settled();
}

export function button(name: string): HTMLButtonElement {
  const all = [...page.querySelectorAll("button")];
  const found = all.find((one) => (one.getAttribute("aria-label") ?? one.textContent) === name);
  if (!found) throw new Error(`no button ${name} among ${all.map((one) => one.textContent).join("; ")}`);
  return found;
}

export async function press(name: string): Promise<void> {
  await act(() => button(name).click());
  await settled();
}

/** Types into the field of a label, or chooses of its list. */
export async function type(label: string, text: string): Promise<void> {
  const labelled = [...page.querySelectorAll("label")].find((one) => one.textContent!.trim().startsWith(label));
  const field = page.querySelector<HTMLInputElement>(`[aria-label="${label}"]`) ?? labelled?.querySelector<HTMLInputElement>("input, select, textarea");
  if (!field) throw new Error(`no field ${label}`);
  await act(() => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

beforeEach(() => {
  me.value = { user: "ann", entity: "e", hub: false, everything: true, writes: [], version: "1" };
  page = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  render(null, page);
  page.remove();
  vi.unstubAllGlobals();
});
