// @vitest-environment node
import { describe, expect, it } from "vitest";

import { extent, readFigure, ticks } from "./plotly-data";

describe("a figure of plotly", () => {
  it("of lines, points and bars is read", () => {
    const figure = readFigure({
      data: [
        { type: "scatter", mode: "lines", x: [1, 2], y: [3, null], name: "a", line: { color: "red" } },
        { mode: "markers", y: [1, 2, 3], marker: { color: ["red"] } },
        { type: "bar", x: [1, 2], y: [5, 6] },
        { type: "surface", z: [] },
        { type: "bar", orientation: "h", x: [1], y: [2] },
      ],
      layout: { title: { text: "T" }, xaxis: { title: "x" } },
    })!;
    expect(figure).toMatchObject({ title: "T", xTitle: "x", categories: null, left: ["surface", "bar"] });
    expect(figure.traces.map(({ kind, colour }) => [kind, colour])).toEqual([["line", "red"], ["points", null], ["bar", null]]);
    expect(figure.traces[0]!.y).toEqual([3, NaN]);
    expect(figure.traces[1]!.x).toEqual([0, 1, 2]);
  });
  it("with packed numbers", () => {
    const bdata = btoa(String.fromCharCode(...new Uint8Array(new Float64Array([1.5, -2]).buffer)));
    expect(readFigure({ data: [{ y: { dtype: "f8", bdata } }] })!.traces[0]!.y).toEqual([1.5, -2]);
    expect(readFigure({ data: [{ type: "bar", y: { dtype: "f8", bdata: "?" } }] })).toMatchObject({ traces: [], left: ["bar"] });
  });
  it("over names and over dates", () => {
    const named = readFigure({ data: [{ type: "bar", x: ["a", "b"], y: [1, 2] }, { x: ["b", "c"], y: [1, 2] }] })!;
    expect([named.categories, named.traces[1]!.x]).toEqual([["a", "b", "c"], [1, 2]]);
    const dated = readFigure({ data: [{ x: ["2026-01-02", "2026-01-03T00:00"], y: [1, 2] }] })!;
    expect([dated.dates, dated.categories, dated.traces[0]!.x[0]]).toEqual([true, null, Date.parse("2026-01-02")]);
  });
  it("takes no colour that could be anything else", () => {
    const colour = (color: string) => readFigure({ data: [{ y: [1], line: { color } }] })!.traces[0]!.colour;
    expect([colour("#abc"), colour("rgb(1, 2, 3)"), colour("url(https://e.org/x)"), colour("red;background:url(x)")]).toEqual(["#abc", "rgb(1, 2, 3)", null, null]);
  });
  it.each([null, 3, {}, { data: 3 }])("%j is none", (value) => expect(readFigure(value)).toBeNull());
});

describe("axes", () => {
  it("have round places", () => {
    expect(ticks(0, 10)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks(-1, 1, 4)).toHaveLength(5);
    expect(ticks(3, 3)).toEqual([3]);
  });
  it("have an extent without what is no number", () => {
    expect(extent([NaN, 3, 1], [0])).toEqual([0, 3]);
    expect(extent([])).toEqual([0, 1]);
    expect(extent([2, 2])).toEqual([1.5, 2.5]);
  });
});
