import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, it, vi } from "vitest";

import type { RunItem } from "../api";
import { Log } from "./log";

const TOTAL = 5000;
afterEach(() => vi.unstubAllGlobals());

it("shows what comes after the first answer, and finds what was not looked at", async () => {
  const line = (n: number) => ({ n, label: "", stderr: false, text: n % 1500 === 7 ? `needle ${n}` : `line ${n}`, time_us: 0 });
  vi.stubGlobal("fetch", async (url: string) => {
    const { pathname, searchParams } = new URL(url, "http://x");
    if (!pathname.endsWith("/log")) return new Promise(() => {});
    const [from, lines] = [Number(searchParams.get("from")), Number(searchParams.get("lines"))];
    return Response.json({ total: TOTAL, lines: Array.from({ length: Math.min(lines, TOTAL - from) }, (_, at) => line(from + at)) });
  });
  const root = document.body.appendChild(document.createElement("div"));
  await act(() => render(<Log run={{ entity: "e", project: "p", run: "r", state: "running" } as RunItem} rest={[]} />, root));
  const box = await vi.waitFor(() => root.querySelector<HTMLElement>("[role=log]") ?? expect.unreachable());
  await act(() => {
    box.scrollTop = 3000 * 18;
    box.dispatchEvent(new Event("scroll"));
  });
  await vi.waitFor(() => expect(root.textContent).toContain("line 3000"));
  const search = root.querySelector<HTMLInputElement>("[aria-label='Search the log']")!;
  await act(() => {
    search.value = "NEEDLE";
    search.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await vi.waitFor(() => expect(root.textContent).toContain("4 lines"));
  await act(() => void search.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })));
  await vi.waitFor(() => expect(root.textContent).toMatch(/\d of 4 lines/));
  expect(box.scrollTop).not.toBe(3000 * 18);
  render(null, root);
  root.remove();
});
