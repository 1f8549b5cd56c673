import { describe, expect, it } from "vitest";

import panelsSpec from "../reports/fixtures/panels.json?raw";
import { bars, scalar } from "./bar-data";
import { comparison } from "./comparison";
import { fakeRun, fakeShown } from "./fake";
import { groupKey, keyTitle, numberOf, parseKey, valueOf } from "./fields";
import { COLUMNS, freePlace, placed, readingOrder } from "./grid";
import { groupLabels, groupSeries, lineColor, lineOptions, lineStroke, lineTitle, metricsOf } from "./line-options";
import { parallel } from "./parallel-data";
import { aggregate, area, gradient, linePath, regression, scale, ticks } from "./plot";
import { groups, hides, shownRuns, withShown } from "./runset";
import { scatter } from "./scatter-data";
import type { GridSpec, PanelSpec } from "./spec";

const grid = (JSON.parse(panelsSpec) as { blocks: { metadata?: GridSpec }[] }).blocks[1]!.metadata!;
const panels = grid.panelBankSectionConfig!.panels!;
const config = (kind: string) => panels.find((one) => one.viewType === kind)!.config!;
const at = (x: number, y: number, w = 8, h = 6): PanelSpec => ({ layout: { x, y, w, h } });

describe("fields of runs", () => {
  const run = fakeRun("a", { config: { lr: 0.1, model: { name: "mlp" }, "a.b": 1 }, summary: { "val/loss": 2, nested: { acc: 0.5 } } });
  it.each([
    ["config:lr.value", "lr", 0.1],
    ["config.model.value.name", "model.name", "mlp"],
    ["c::a.b", "a.b", 1],
    ["summary:val/loss", "val/loss", 2],
    ["summary_metrics.nested.acc", "nested.acc", 0.5],
    ["val/loss", "val/loss", 2],
    ["run:duration", "Runtime", 60],
    ["_step", "Step", 9],
  ])("%s", (name, title, value) => {
    expect(keyTitle(parseKey(name))).toBe(title);
    expect(valueOf(run, parseKey(name))).toBe(value);
  });

  it("group by attributes or config keys", () => {
    expect(groupKey("group")).toEqual({ section: "run", name: "group" });
    expect(valueOf(run, groupKey("model.value.name"))).toBe("mlp");
    expect(numberOf(run, groupKey("model.value.name"))).toBeUndefined();
  });
});

describe("a grid", () => {
  it("keeps the places of its panels, and takes overlaps apart", () => {
    expect(placed([at(0, 0), at(8, 0), at(16, 0), at(0, 6, 24)])).toEqual([at(0, 0), at(8, 0), at(16, 0), at(0, 6, 24)].map((one) => one.layout));
    expect(placed([at(0, 0), at(4, 2)])[1]).toEqual({ x: 4, y: 6, w: 8, h: 6 });
    expect(placed([at(0, 40)])[0]!.y).toBe(0);
    expect(placed([{ layout: { x: 30, y: -1, w: 99, h: 0 } }])).toEqual([{ x: 0, y: 0, w: COLUMNS, h: 1 }]);
    expect(placed([{}])).toEqual([{ x: 0, y: 0, w: 8, h: 6 }]);
  });

  it("finds a place for one more, and the order in which all are read", () => {
    expect(freePlace([at(0, 0), at(8, 0)])).toEqual({ x: 16, y: 0, w: 8, h: 6 });
    expect(freePlace([at(0, 0, 24)])).toEqual({ x: 0, y: 6, w: 8, h: 6 });
    expect(readingOrder(placed([at(16, 0), at(0, 6), at(0, 0)]))).toEqual([2, 0, 1]);
  });
});

describe("a run set", () => {
  const [set] = grid.runSets!;
  const runs = [fakeRun("aaaa1111", { config: { model: { name: "mlp" } } }), fakeRun("bbbb2222"), fakeRun("cccc3333", { config: { model: { name: "mlp" } } })];

  it("hides and shows runs, either way of naming them", () => {
    expect(runs.map((run) => hides(set!, run.run))).toEqual([false, true, false]);
    expect(hides(withShown(set!, "bbbb2222", true), "bbbb2222")).toBe(false);
    expect(hides(withShown(set!, "aaaa1111", false), "aaaa1111")).toBe(true);
    const only = { selections: { root: 0, tree: ["a"] } };
    expect([hides(only, "a"), hides(only, "b"), hides(withShown(only, "b", true), "b")]).toEqual([false, true, false]);
  });

  it("gives runs their group and their colour", () => {
    const shown = shownRuns(grid, set!, runs);
    expect(shown.map((one) => [one.name, one.color])).toEqual([
      ["model.name: mlp, Group: –", "#ff0000"],
      ["model.name: mlp, Group: –", "#00ff00"],
    ]);
    expect(groups(shown)).toHaveLength(1);
    expect(shownRuns({ customRunColors: { x: "url(evil)" } }, {}, [fakeRun("x")])[0]!.color).toBeUndefined();
  });
});

describe("a line plot", () => {
  const line = config("Run History Line Plot");
  it("asks our charts for what the SDK wrote", () => {
    expect(lineOptions(line)).toEqual({
      x: "step", smoothing: { kind: "ema", amount: 0.6 }, original: true, band: true, logX: false, logY: true,
      clip: true, xMin: null, xMax: null, yMin: null, yMax: 2.5,
    });
    expect(lineTitle(line, "aaaa1111", "loss", "x")).toBe("Baseline");
    expect(lineColor(line, "aaaa1111", "loss")).toBe("#123456");
    expect(lineStroke(line, "aaaa1111", "loss")).toEqual({ width: 2, dash: [8, 4] });
    expect(lineStroke(line, "aaaa1111", "acc")).toEqual({});
    expect(lineOptions(panels[1]!.config!).x).toBe("relative");
    expect(metricsOf(panels[1]!.config!, ["loss", "val/loss", "val/acc"])).toEqual(["val/loss", "val/acc"]);
    expect(metricsOf({ metricRegex: "(", metrics: ["a"] }, ["b"])).toEqual(["a"]);
  });

  it("groups runs, and aggregates as it says", () => {
    const runs = ["a", "b", "c"].map((id, index) => fakeShown(id, { config: { model: { name: index < 2 ? "mlp" : "cnn" } } }));
    const labels = groupLabels(line, runs)!;
    expect([...labels.values()]).toEqual(["model.name: mlp", "model.name: mlp", "model.name: cnn"]);
    const series = [1, 3, 9].map((y, index) => ({ run: "abc"[index]!, key: "loss", x: [0], y: [y], points: 1 }));
    const [mlp, cnn] = groupSeries(series, labels, line);
    expect([mlp!.y, mlp!.min, mlp!.max, cnn!.y]).toEqual([[2], [1], [3], [9]]);
    expect(groupSeries(series, labels, { groupAgg: "max" })[0]!.y).toEqual([3]);
    expect(groupLabels({}, runs)).toBeNull();
  });
});

describe("small charts", () => {
  const runs = [
    fakeShown("a", { config: { lr: 0.01 }, summary: { loss: 3, acc: 0.5 }, group: "x" }),
    fakeShown("b", { config: { lr: 0.1 }, summary: { loss: 1, acc: 0.75 }, group: "x" }),
    fakeShown("c", { config: { lr: "none" }, summary: { loss: 8 }, group: "y" }),
  ];

  it("scatter runs that have both values", () => {
    const drawn = scatter(config("Scatter Plot"), runs, 400, 300)!;
    expect(drawn.dots.map((dot) => dot.name)).toEqual(["name-a", "name-b"]);
    expect(drawn.dots[0]!.x).toBeLessThan(drawn.dots[1]!.x);
    expect(drawn.dots.map((dot) => dot.color)).toEqual(["#0000ff", "color-mix(in srgb, #ff0000 100%, #0000ff)"]);
    expect(drawn.lines.map((line) => line.title)).toEqual(["Linear regression"]);
    expect(scatter({}, runs, 400, 300)).toBeNull();
  });

  it("make a bar for each group, as it is aggregated", () => {
    expect(bars(config("Bar Chart"), runs).bars.map((bar) => [bar.name, bar.value])).toEqual([["Group: x", 3], ["Group: y", 8]]);
    expect(bars({ metrics: ["loss", "acc"] }, runs).bars).toHaveLength(5);
    expect(bars({ metrics: ["loss"], barLimit: 2 }, runs).left).toBe(1);
  });

  it("say one number", () => {
    expect(scalar(config("Scalar Chart"), runs)).toEqual({ value: 0.75, runs: 2, how: "max" });
    expect(scalar({ metrics: ["none"] }, runs)).toBeNull();
  });

  it("lay runs along parallel axes", () => {
    const drawn = parallel(config("Parallel Coordinates Plot"), runs, 500, 200);
    expect(drawn.axes.map((axis) => axis.title)).toEqual(["lr", "Loss"]);
    expect(drawn.lines.map((line) => line.name)).toEqual(["name-a", "name-b"]);
  });

  it("compare runs field by field", () => {
    const rows = comparison(runs.map((one) => one.run));
    expect(rows.find((row) => row.key === "state")!.differs).toBe(false);
    expect(rows.find((row) => row.key === "lr")).toMatchObject({ values: [0.01, 0.1, "none"], differs: true });
  });
});

describe("scales", () => {
  it("are never empty, and have round ticks", () => {
    expect(ticks(scale([0, 10], [0, 100]))).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks(scale([0.001, 1000], [0, 100], { log: true }), 4)).toEqual([0.001, 0.1, 10, 1000]);
    expect(scale([5], [0, 100]).to(5)).toBe(50);
    expect(scale([], [0, 100]).to(0.5)).toBe(50);
    expect(linePath([0, 1, 2, 3], [0, null, 1, 2], scale([0, 3], [0, 3]), scale([0, 2], [0, 2]))).toBe("M0 0M2 1L3 2");
  });

  it("and statistics", () => {
    expect(["mean", "min", "max", "median", "sum"].map((how) => aggregate([1, 2, 9], how))).toEqual([4, 1, 9, 2, 12]);
    expect(area([1, 3], "stddev")).toEqual([1, 3]);
    expect(area([1, 3], "none")).toBeNull();
    expect(regression([[0, 1], [1, 3]])).toEqual({ slope: 2, offset: 1 });
    expect(gradient([{ color: "#000", offset: 0 }, { color: "#fff", offset: 100 }], 0.5)).toBe("color-mix(in srgb, #fff 50%, #000)");
  });
});
