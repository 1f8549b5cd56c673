import { expect, test } from "vitest";

import { mongoOf } from "../panels/filters";
import type { Section } from "./sections";
import { parseFilter } from "./filter";
import { filterTree } from "./filter-tree";
import { fieldOf, keyOf } from "./keys";
import { readSpec, toSpec } from "./saved-spec";
import { FRESH, type View } from "./view";

const VIEW: View = {
  ...FRESH,
  filter: "config.lr > 0.1",
  group: ["config.model.depth", "tags"],
  eyes: { open: true, except: ["b"] },
  all: { smoothing: { kind: "ema", amount: 0.5 } },
  panels: { loss: { logY: true } },
};
const SECTIONS: Section[] = [
  { name: "Charts", panels: [{ kind: "line", key: "loss", stepMetric: null }, { kind: "media", key: "seen", stepMetric: null }] },
];

test("our workspace comes back as it was", () => {
  const read = readSpec(toSpec(VIEW, SECTIONS, () => ({})), "id1");
  expect(read.ours).toBe(true);
  expect(read.view).toEqual({ ...VIEW, saved: "id1" });
});

test("it is W&B's JSON: sections of panels, a run set, settings", () => {
  const spec = JSON.parse(toSpec(VIEW, SECTIONS, (key) => VIEW.panels[key] ?? {}));
  const [section] = spec.section.panelBankConfig.sections;
  expect(section).toMatchObject({ name: "Charts", isOpen: true, type: "flow" });
  expect(section.panels[0]).toMatchObject({ viewType: "Run History Line Plot", config: { metrics: ["loss"], yLogScale: true } });
  expect(section.panels[1]).toMatchObject({ viewType: "Media Browser", config: { mediaKeys: ["seen"] } });
  expect(spec.section.runSets[0]).toMatchObject({
    grouping: [{ section: "config", name: "model.value.depth" }, { section: "run", name: "tags" }],
    sort: { keys: [{ key: { section: "run", name: "createdAt" }, ascending: false }] },
    selections: { root: 1, tree: ["b"] },
    filters: { op: "OR", filters: [{ op: "AND", filters: [{ key: { section: "config", name: "lr.value" }, op: ">", value: 0.1 }] }] },
  });
});

test.each([
  "state = finished and config.lr >= 0.1",
  "tag in (a, b) or summary.loss < 2",
  "(name = a or name = b) and created > 2026-01-01",
])("%s is the same as W&B's tree", (text) => {
  const again = mongoOf({ filters: filterTree(parseFilter(text))! });
  const names = (filter: object) => JSON.stringify(filter).replaceAll("created_at", "createdAt");
  expect(names(again)).toBe(names(parseFilter(text)!));
});

test("what W&B's trees cannot say is left to our own words", () => {
  for (const text of ["name ~ x", "not state = failed", "config.lr exists"]) expect(filterTree(parseFilter(text))).toBeNull();
  expect(filterTree(null)).toEqual({ op: "OR", filters: [{ op: "AND", filters: [] }] });
});

test("a workspace of W&B's becomes a filter, an order, groups and settings", () => {
  const spec = {
    section: {
      panelBankConfig: { sections: [{ name: "S", isOpen: true, panels: [{ viewType: "Bar Chart", config: {} }] }] },
      settings: { smoothingWeight: 60, smoothingType: "gaussian", xAxis: "epoch", ignoreOutliers: true },
      customRunColors: { a: "#ff0000" },
      runSets: [
        {
          filters: { op: "OR", filters: [{ op: "AND", filters: [{ key: { section: "config", name: "lr.value" }, op: ">=", value: 1 }] }] },
          search: { query: "net" },
          sort: { keys: [{ key: { section: "summary", name: "loss" }, ascending: true }] },
          grouping: [{ section: "config", name: "lr.value" }],
          selections: { root: 0, tree: ["a"] },
        },
      ],
    },
  };
  const { view, ours, sections, colors } = readSpec(JSON.stringify(spec), "x");
  expect(ours).toBe(false);
  expect(JSON.parse(view.filter)).toEqual({ "config.lr": { $gte: 1 } });
  expect(view).toMatchObject({ search: "net", sort: "+summary.loss", group: ["config.lr"], eyes: { open: false, except: ["a"] }, saved: "x" });
  expect(view.all).toEqual({ smoothing: { kind: "gaussian", amount: 0.6 }, x: { metric: "epoch" }, clip: true });
  expect([sections[0]!.panels[0]!.viewType, colors["a"]]).toEqual(["Bar Chart", "#ff0000"]);
});

test("an empty workspace is read, too", () => {
  expect(readSpec("{}", "x")).toMatchObject({ ours: false, sections: [], view: { ...FRESH, saved: "x" } });
});

test("fields by W&B's names", () => {
  for (const field of ["config.a.b", "summary.val/loss", "name", "created", "job_type", "state"]) expect(fieldOf(keyOf(field))).toBe(field);
});
