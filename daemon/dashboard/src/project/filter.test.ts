import { expect, test } from "vitest";

import { both, byName, FilterError, parseFilter } from "./filter";

test.each([
  ["state = finished", { state: "finished" }],
  ["config.lr > 0.01", { "config.lr": { $gt: 0.01 } }],
  ["name ~ \"resnet\"", { display_name: { $regex: "resnet", $options: "i" } }],
  ["name !~ 'a b'", { display_name: { $not: { $regex: "a b", $options: "i" } } }],
  ["name ~ \"v\\d+\"", { display_name: { $regex: "v\\d+", $options: "i" } }],
  ["summary.val/loss <= -1e-3", { "summary_metrics.val/loss": { $lte: -0.001 } }],
  ["tag in (a, \"b c\")", { tags: { $in: ["a", "b c"] } }],
  ["tag not in (a)", { tags: { $nin: ["a"] } }],
  ["config.debug = true", { "config.debug": true }],
  ["config.resume != null", { "config.resume": { $ne: null } }],
  ["`config.my key` = 1", { "config.my key": 1 }],
  ["config.optim exists", { "config.optim": { $exists: true } }],
  ["created > 2026-01-02", { createdAt: { $gt: "2026-01-02" } }],
  ["not state = failed", { $nor: [{ state: "failed" }] }],
  [
    "state = finished and config.lr > 0.01 and name ~ \"resnet\"",
    { $and: [{ state: "finished" }, { "config.lr": { $gt: 0.01 } }, { display_name: { $regex: "resnet", $options: "i" } }] },
  ],
  ["id = a or id = b and state = running", { $or: [{ name: "a" }, { $and: [{ name: "b" }, { state: "running" }] }] }],
  ["(id = a OR id = b) AND state=running", { $and: [{ $or: [{ name: "a" }, { name: "b" }] }, { state: "running" }] }],
  ["{\"config.lr\": {\"$gt\": 1}}", { "config.lr": { $gt: 1 } }],
  ["  ", null],
])("%s", (text, filter) => {
  expect(parseFilter(text)).toEqual(filter);
});

test.each([
  ["lr > 0.1", 0, "config.lr"],
  ["state =", 7, "a value"],
  ["state finished", 6, "before finished"],
  ["state = a name = b", 10, "before name"],
  ["(state = a", 0, "not closed"],
  ["name ~ \"open", 7, "not closed"],
  ["tag in a", 7, "in (1, 2)"],
  ["tag in (a", 9, "not closed"],
  ["state ! x", 6, "no meaning"],
  ["= 3", 0, "a field"],
  ["constructor = 3", 0, "no field constructor"],
  ["{\"a\": }", 7, "JSON"],
])("%s is refused at %i", (text, at, words) => {
  try {
    parseFilter(text);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(FilterError);
    expect((error as FilterError).at).toBe(at);
    expect((error as FilterError).message).toContain(words);
  }
});

test("a search is a regular expression where it is one, else plain text", () => {
  expect(byName("res.*50")).toEqual({
    $or: [{ display_name: { $regex: "res.*50", $options: "i" } }, { name: { $regex: "res.*50", $options: "i" } }],
  });
  expect(JSON.stringify(byName("a("))).toContain("a\\\\(");
  expect(byName(" ")).toBeNull();
});

test("filters add up", () => {
  expect(both(null, null)).toBeNull();
  expect(both({ a: 1 }, null)).toEqual({ a: 1 });
  expect(both({ a: 1 }, { b: 2 })).toEqual({ $and: [{ a: 1 }, { b: 2 }] });
});
