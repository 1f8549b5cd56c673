import { expect, test } from "vitest";

import type { SeriesView } from "../api";
import { grouped } from "./group";

const series = (run: string, x: number[], y: (number | null)[], more: Partial<SeriesView> = {}): SeriesView => ({
  run,
  key: "loss",
  x,
  y,
  points: x.length,
  ...more,
});

test("runs of a group become their mean, with the least and the greatest", () => {
  const all = [series("a", [0, 2], [1, 3]), series("b", [0, 1, 2], [3, 3, 5]), series("c", [0], [100])];
  const [one, ...others] = grouped(all, (run) => (run === "c" ? null : "lr 0.1"));
  expect(others).toEqual([]);
  expect(one).toMatchObject({ run: "lr 0.1", x: [0, 1, 2], y: [2, 2.5, 4], min: [1, 2, 3], max: [3, 3, 5] });
});

test("a run that ended says nothing beyond its end", () => {
  const [one] = grouped([series("a", [0, 1], [2, 2]), series("b", [0, 1, 2], [4, 4, 8])], () => "g");
  expect(one!.y).toEqual([3, 3, 8]);
});

test("the extremes of buckets stay, and long lines are cut to even places", () => {
  const x = Array.from({ length: 1000 }, (_, at) => at);
  const flat = x.map(() => 1);
  const peak = x.map((at) => (at === 500 ? 9 : 1));
  const [one] = grouped([series("a", x, flat, { min: flat, max: peak })], () => "g");
  expect(one!.x).toHaveLength(400);
  expect(Math.max(...(one!.max as number[]))).toBeGreaterThan(8);
});

test("another middle and another band may be asked for", () => {
  const all = [series("a", [0, 1], [1, 2]), series("b", [0, 1], [3, 6])];
  const [one] = grouped(all, () => "g", { middle: (values) => Math.max(...values), ends: ([first]) => (first === 1 ? [0, 9] : null) });
  expect(one).toMatchObject({ y: [3, 6], min: [0, 6], max: [9, 6] });
});
