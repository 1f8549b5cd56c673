import { expect, test } from "vitest";

import { smooth } from "./smooth";

const noisy = Array.from({ length: 100 }, (_, at) => 10 + (at % 2 === 0 ? 1 : -1));

test.each(["ema", "gaussian", "average"] as const)("%s flattens noise and keeps the level", (kind) => {
  const flat = smooth(noisy, { kind, amount: 0.9 });
  expect(flat).toHaveLength(noisy.length);
  for (const value of flat.slice(20)) expect(Math.abs(value! - 10)).toBeLessThan(0.3);
});

test("without an amount the line is the same one", () => {
  expect(smooth(noisy, { kind: "ema", amount: 0 })).toBe(noisy);
});

test("an average is not pulled to its first value, nor by gaps", () => {
  const [first, gap, third] = smooth([4, null, 4], { kind: "ema", amount: 0.99 });
  expect([first, gap]).toEqual([4, null]);
  expect(third).toBeCloseTo(4);
  expect(smooth([1, null, 3, 5], { kind: "average", amount: 1 })).toEqual([1, null, 4, 4]);
  expect(smooth([2, null, 2], { kind: "gaussian", amount: 0.9 })).toEqual([2, null, 2]);
});
