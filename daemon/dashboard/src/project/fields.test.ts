import { expect, test } from "vitest";

import { fakeRun } from "../panels/fake";
import { groupsOf, orderOf, said, valueOf } from "./fields";

const run = fakeRun;

test("values by field, nested ones by dots", () => {
  const one = run("a", { config: { lr: 0.1, model: { depth: 3 }, "a.b": 5 }, summary: { "val/loss": 2 } });
  expect(["id", "config.lr", "config.model.depth", "config.a.b", "config.none", "summary.val/loss", "duration"].map((field) => valueOf(one, field))).toEqual([
    "a", 0.1, 3, 5, undefined, 2, 60,
  ]);
  expect(said("duration", 61)).toBe("1 min 1 s");
  expect(said("tags", ["a", "b"])).toBe("a, b");
});

test("runs are grouped by the values of fields", () => {
  const runs = [run("a", { config: { lr: 1 } }), run("b", { config: { lr: 2 } }), run("c", { config: { lr: 1 } })];
  expect(groupsOf(runs, ["config.lr"]).map((one) => [one.label, one.runs.map(({ run: id }) => id)])).toEqual([
    ["lr: 1", ["a", "c"]],
    ["lr: 2", ["b"]],
  ]);
  expect(groupsOf(runs, ["state", "config.lr"])[0]!.label).toBe("State: finished, lr: 1");
});

test("an order as the server has it", () => {
  expect(["-created", "config.lr", "+summary.loss", "sync"].map(orderOf)).toEqual([
    "-createdAt", "+config.lr", "+summary_metrics.loss", null,
  ]);
});
