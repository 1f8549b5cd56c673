import { expect, test } from "vitest";

import { isRound, tick, timeTicks, xSaid, xTick } from "./ticks";

test("numbers are short", () => {
  expect([0, 0.25, 1500, 20_000, 2.5e6, 1e-5, -3].map(tick)).toEqual(["0", "0.25", "1500", "20k", "2.5M", "1e-5", "-3"]);
  expect([5400, 0.25, 30].map((value) => xTick("relative", value))).toEqual(["1 h 30 min", "0.25 s", "30 s"]);
  expect(xSaid({ metric: "epoch" }, 2)).toBe("epoch 2");
});

test("a logarithmic axis names round values only", () => {
  expect([0.1, 0.30000000000000004, 2000, 0.104588, 25].map(isRound)).toEqual([true, true, true, false, false]);
});

test("times are of day, with the date where another begins", () => {
  const midnight = new Date(2026, 2, 4).getTime() / 1000;
  expect(timeTicks([midnight - 7200, midnight - 3600, midnight, midnight + 3600])).toEqual(["22:00", "23:00", "4 Mar", "01:00"]);
  expect(timeTicks([midnight, midnight + 5 * 86_400])).toEqual(["4 Mar", "9 Mar"]);
});
