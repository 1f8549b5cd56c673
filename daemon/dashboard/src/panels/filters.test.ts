// @vitest-environment node
import { describe, expect, it } from "vitest";

import panelsSpec from "../reports/fixtures/panels.json?raw";
import { mongoOf, orderOf } from "./filters";
import type { GridSpec, RunSetSpec } from "./spec";

const spec = JSON.parse(panelsSpec) as { blocks: { metadata?: GridSpec }[] };
const [baselines, others] = spec.blocks[1]!.metadata!.runSets!;
const now = Date.parse("2026-01-06T00:00:00Z");
const of = (filters: RunSetSpec["filters"]) => mongoOf({ filters });

describe("filters of run sets", () => {
  it("become MongoDB's, as the SDK writes them", () => {
    expect(mongoOf(baselines!, now)).toEqual({
      $and: [
        { display_name: { $regex: "(?i)base" } },
        { $and: [
          { "config.lr": 0.1 },
          { $or: [{ state: "finished" }, { tags: { $in: ["good", "best"] } }] },
          { "summary_metrics.loss": { $lte: 0.5 } },
        ] },
      ],
    });
    expect(mongoOf(others!, now)).toEqual({
      $or: [{ display_name: { $ne: "x" } }, { created_at: { $gte: "2026-01-01T00:00:00.000Z" } }],
    });
  });

  it("bind AND tighter than OR", () => {
    const one = (name: string, connector?: string) => ({ key: { section: "config", name }, op: "=", value: 1, ...(connector && { connector }) });
    expect(of({ filterFormat: "filterV2", filters: [one("a"), one("b", "OR"), one("c", "AND")] })).toEqual({
      $or: [{ "config.a": 1 }, { $and: [{ "config.b": 1 }, { "config.c": 1 }] }],
    });
  });

  it("may be W&B's older tree", () => {
    const leaf = { op: ">=", key: { section: "summary", name: "acc" }, value: 0.9, disabled: false };
    expect(of({ op: "OR", filters: [{ op: "AND", filters: [leaf, { ...leaf, disabled: true }] }] })).toEqual({ "summary_metrics.acc": { $gte: 0.9 } });
    expect(of({ op: "OR", filters: [{ op: "AND", filters: [] }] })).toEqual({});
  });

  it("escape what a search would take for a pattern", () => {
    expect(mongoOf({ search: { query: "a.b(1)" } })).toEqual({ display_name: { $regex: "(?i)a\\.b\\(1\\)" } });
    expect(mongoOf({ search: { query: "^a.*", isRegex: true } })).toEqual({ display_name: { $regex: "^a.*" } });
  });

  it("take a config key without W&B's envelope", () => {
    expect(of({ filters: [{ key: { section: "config", name: "opt.value.lr" }, op: "IN", value: 3 }] })).toEqual({ "config.opt.lr": { $in: [3] } });
  });
});

describe("orders", () => {
  it("name fields as the server does", () => {
    expect(orderOf(baselines!)).toBe("+config.lr,-summary_metrics.loss");
    expect(orderOf(others!)).toBe("-created_at");
    expect(orderOf({})).toBe("");
  });
});
