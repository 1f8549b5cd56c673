import { expect, test } from "vitest";

import { PLAIN } from "./options";
import type { Line } from "./prepare";
import { nearest, placer, ticks, xRange, yRange } from "./range";

const line = (x: number[], y: (number | null)[], more: Partial<Line> = {}): Line => ({
  run: "a",
  key: "k",
  name: "a",
  color: "#000",
  x,
  y,
  ...more,
});

test("x reaches from the first point to the last, or as zoomed or set", () => {
  const lines = [line([0, 5], [1, 1]), line([3, 9], [1, 1])];
  expect(xRange(lines, PLAIN, null)).toEqual([0, 9]);
  expect(xRange(lines, PLAIN, [2, 4])).toEqual([2, 4]);
  expect(xRange(lines, { ...PLAIN, xMax: 7 }, null)).toEqual([0, 7]);
  expect(xRange(lines, { ...PLAIN, logX: true }, null)).toEqual([3, 9]);
  expect(xRange([], PLAIN, null)).toEqual([0, 1]);
  expect(xRange([line([4], [1])], PLAIN, null)).toEqual([3.6, 4.4]);
});

test("y holds the extremes of what is in sight", () => {
  const lines = [line([0, 1, 2], [1, 2, 100], { min: [0, 1, 90], max: [2, 3, 110] })];
  const [min, max] = yRange(lines, PLAIN, [0, 1]);
  expect([min, max].map((value) => Number(value.toFixed(2)))).toEqual([-0.15, 3.15]);
});

test("outliers are left out where that is wanted, and what no logarithm has always", () => {
  const y = Array.from({ length: 100 }, (_, at) => (at === 50 ? 1e6 : at % 10));
  const x = y.map((_, at) => at);
  expect(yRange([line(x, y)], { ...PLAIN, clip: true }, [0, 99])[1]).toBeLessThan(20);
  const [least] = yRange([line([0, 1], [-5, 10])], { ...PLAIN, logY: true }, [0, 1]);
  expect(least).toBeGreaterThan(0);
});

test("places and ticks", () => {
  expect(placer([1, 100], true, 0, 100)(10)).toBeCloseTo(50);
  expect(placer([0, 10], false, 100, -100)(2.5)).toBe(75);
  expect(nearest([0, 10, 20], 14)).toBe(1);
  expect(nearest([0, 10, 20], 15)).toBe(1);
  expect(nearest([0, 10, 20], 99)).toBe(2);
  expect(ticks([0, 1], false, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticks([0.001, 1000], true, 4)).toEqual([0.001, 0.01, 0.1, 1, 10, 100, 1000].filter((_, at) => at % 2 === 0));
});
