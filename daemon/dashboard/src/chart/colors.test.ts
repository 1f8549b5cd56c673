import { expect, test, vi } from "vitest";

import { isChosen, runColor, setRunColor } from "./colors";

const rgb = (color: string) => [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));

test("a run has the same colour each time, and another run another", () => {
  expect(runColor("abc123")).toMatch(/^#[0-9a-f]{6}$/);
  expect(runColor("abc123")).toBe(runColor("abc123"));
  const many = new Set(Array.from({ length: 40 }, (_, at) => runColor(`run-${at}`)));
  expect(many.size).toBeGreaterThan(35);
});

test("runs that are seen together can be told apart", () => {
  const hues = Array.from({ length: 10 }, (_, at) => runColor(`together-${at}`)).map(rgb);
  for (const [at, one] of hues.entries()) {
    for (const other of hues.slice(at + 1)) expect(Math.hypot(...one.map((part, index) => part - other[index]!))).toBeGreaterThan(20);
  }
});

test("which colour it was is kept for the next visit", async () => {
  const before = runColor("kept");
  await Promise.resolve();
  expect(Object.keys(JSON.parse(localStorage.getItem("pannier.colors.seen")!))).toContain("kept");
  vi.resetModules();
  const again = await import("./colors");
  expect(again.runColor("kept")).toBe(before);
});

test("a chosen colour is kept, and can be taken back", () => {
  const before = runColor("x");
  setRunColor("x", "#123456");
  expect([runColor("x"), isChosen("x")]).toEqual(["#123456", true]);
  expect(localStorage.getItem("pannier.colors")).toContain("#123456");
  setRunColor("x", null);
  expect([runColor("x"), isChosen("x")]).toEqual([before, false]);
});
