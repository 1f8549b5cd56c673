import { expect, test } from "vitest";

import { isChosen, runColor, setRunColor } from "./colors";

test("a run has the same colour each time, and another run another", () => {
  expect(runColor("abc123")).toMatch(/^#[0-9a-f]{6}$/);
  expect(runColor("abc123")).toBe(runColor("abc123"));
  const many = new Set(Array.from({ length: 40 }, (_, at) => runColor(`run-${at}`)));
  expect(many.size).toBeGreaterThan(35);
});

test("a chosen colour is kept, and can be taken back", () => {
  const before = runColor("x");
  setRunColor("x", "#123456");
  expect([runColor("x"), isChosen("x")]).toEqual(["#123456", true]);
  expect(localStorage.getItem("pannier.colors")).toContain("#123456");
  setRunColor("x", null);
  expect([runColor("x"), isChosen("x")]).toEqual([before, false]);
});
