// @vitest-environment node
import { describe, expect, it } from "vitest";

import { rangeOf, readHistogram, rebin, thinned } from "./histogram-data";

const sum = (all: number[]) => all.reduce((a, b) => a + b, 0);

describe("histograms", () => {
  it("are read in both of W&B's forms", () => {
    expect(readHistogram({ bins: [0, 1, 2], values: [3, 4] })).toEqual({ edges: [0, 1, 2], counts: [3, 4] });
    expect(readHistogram({ packedBins: { min: 1, size: 0.5, count: 2 }, values: [1, 2] })).toEqual({ edges: [1, 1.5, 2], counts: [1, 2] });
  });
  it.each([{}, { bins: [0, 1], values: [1, 2] }, { bins: [0, "NaN"], values: [1] }, { values: [] }])("%j is none", (value) => expect(readHistogram(value)).toBeNull());

  it("keep their counts over other bins", () => {
    const one = { edges: [0, 1, 2, 3], counts: [3, 0, 6] };
    expect(rebin(one, [0, 3], 3)).toEqual([3, 0, 6]);
    const finer = rebin(one, [-1, 5], 24);
    expect(sum(finer)).toBeCloseTo(9);
    expect(finer.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(sum(rebin(one, [0, 3], 2))).toBeCloseTo(9);
  });
  it("of one value only have a width to be drawn in", () => {
    const one = { edges: [2, 2], counts: [5] };
    expect(rangeOf([one])).toEqual([1.5, 2.5]);
    expect(sum(rebin(one, [1.5, 2.5], 10))).toBe(5);
    expect(rangeOf([])).toEqual([0, 1]);
  });
  it("are thinned evenly, both ends kept", () => {
    expect(thinned(3, 5)).toEqual([0, 1, 2]);
    const some = thinned(1000, 300);
    expect([some.length, some[0], some.at(-1)]).toEqual([300, 0, 999]);
  });
});
