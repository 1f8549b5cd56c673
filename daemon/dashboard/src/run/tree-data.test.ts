// @vitest-environment node
import { describe, expect, it } from "vitest";

import type { JsonValue } from "../api";
import { linesOf, opensItself } from "./tree-data";

const value = { lr: 0.1, model: { layers: [{ size: 8 }, { size: 16 }], name: "net" }, tags: ["a", "b"], none: {}, a10: 1, a9: 2 };
const paths = (search: string, open = (_: string) => false) => linesOf(value, search, open).map((line) => line.path);

describe("a tree", () => {
  it("is folded, its keys in order", () => expect(paths("")).toEqual(["a9", "a10", "lr", "model", "none", "tags"]));
  it("is opened where it is", () => expect(paths("", (path) => path === "model")).toEqual(["a9", "a10", "lr", "model", "model.layers", "model.name", "none", "tags"]));
  it("is searched by key and by value", () => {
    expect(paths("size")).toEqual(["model", "model.layers", "model.layers.0", "model.layers.0.size", "model.layers.1", "model.layers.1.size"]);
    expect(paths("16")).toEqual(["model", "model.layers", "model.layers.1", "model.layers.1.size"]);
    expect(paths("layers")).toHaveLength(6);
    expect(paths("nothing like it")).toEqual([]);
  });
  it("opens what is for people", () => expect(([{ a: 1 }, [1], { _type: "histogram" }, null, 3] as JsonValue[]).map((one) => opensItself(one))).toEqual([true, false, false, false, false]));
  it("says what holds how many", () => {
    const holds = Object.fromEntries(linesOf(value, "", () => false).map((line) => [line.path, line.holds]));
    expect(holds).toMatchObject({ lr: null, model: 2, tags: null, none: null });
  });
});
