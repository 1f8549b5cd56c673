// @vitest-environment node
import { describe, expect, it } from "vitest";

import { conditions, filtersOf, valueOfText, valueSaid } from "../panels/conditions";
import { addPanel, movePanel, newGrid, panelsOf, resizePanel, withField, withPanel, withoutPanel } from "../panels/grid-edit";
import { accessor } from "../panels/name-fields";
import { changed } from "../panels/panel-form";
import type { GridSpec } from "../panels/spec";
import { parseDoc, specOf } from "./doc";
import { insert, moved, removed, replace } from "./edit-doc";
import panelsSpec from "./fixtures/panels.json?raw";
import textsSpec from "./fixtures/texts.json?raw";
import { begin, redo, step, undo } from "./history";
import { NEW } from "./new-blocks";
import { tokens } from "./code";

describe("an edited report", () => {
  it("has all other blocks byte for byte as they were", () => {
    const doc = parseDoc(textsSpec)!;
    const raws = doc.pieces.map((one) => one.raw);
    const heading = doc.pieces[2]!;
    const replaced = replace(doc, heading.key, [{ ...heading.block, children: [{ text: "New" }] }]);
    expect(replaced.pieces.map((one) => one.raw).filter((raw) => !raws.includes(raw))).toEqual(['{"type":"heading","children":[{"text":"New"}],"level":1}']);
    const spec = specOf(moved(removed(insert(replaced, null, [{ type: "horizontal-rule" }]), doc.pieces[5]!.key), doc.pieces[1]!.key, 3));
    for (const at of [0, 1, 3, 4, 6, 7, 20]) expect(spec).toContain(raws[at]);
    expect(spec).not.toContain(raws[5]);
  });

  it("is the same where nothing was changed", () => {
    const doc = parseDoc(textsSpec)!;
    const [first] = doc.pieces;
    expect(replace(doc, first!.key, [{ ...first!.block }])).toBe(doc);
    expect(moved(doc, first!.key, -1)).toBe(doc);
    const twice = removed(insert(doc, first!.key, [{ type: "x" }]), -1);
    const back = removed(twice, twice.pieces[1]!.key);
    expect(specOf(back)).toBe(textsSpec);
  });

  it("goes back and forth, typing being one step", () => {
    let history = begin("a");
    for (const text of ["ab", "abc"]) history = step(history, text, "title");
    history = step(history, "x");
    expect(undo(history).now).toBe("abc");
    expect(undo(undo(history)).now).toBe("a");
    expect(redo(undo(history)).now).toBe("x");
    expect(undo(begin("a")).now).toBe("a");
    expect(step(undo(history), "y").future).toEqual([]);
  });

  it("gets only blocks that can be read again", () => {
    for (const [name, make] of NEW) expect(JSON.parse(JSON.stringify(make())), name).toHaveProperty("type");
  });
});

describe("an edited grid", () => {
  const grid = (JSON.parse(panelsSpec) as { blocks: { metadata?: GridSpec }[] }).blocks[1]!.metadata!;

  it("keeps everything that was not touched", () => {
    const next = withPanel(grid, 1, { ...panelsOf(grid)[1]!, config: withField(panelsOf(grid)[1]!.config!, "chartTitle", "New") });
    expect(panelsOf(next)[1]!.config).toEqual({ ...panelsOf(grid)[1]!.config, chartTitle: "New" });
    expect(panelsOf(next).filter((_, at) => at !== 1)).toEqual(panelsOf(grid).filter((_, at) => at !== 1));
    expect({ ...next, panelBankSectionConfig: null }).toEqual({ ...grid, panelBankSectionConfig: null });
  });

  it("gets panels at free places, and exchanges and sizes them", () => {
    const two = addPanel(addPanel(newGrid(), "Run History Line Plot"), "Run History Line Plot");
    expect(panelsOf(two).map((one) => one.layout)).toEqual([{ x: 0, y: 0, w: 12, h: 7 }, { x: 12, y: 0, w: 12, h: 7 }]);
    expect(panelsOf(movePanel(two, 0, 1)).map((one) => one.layout!.x)).toEqual([12, 0]);
    expect(movePanel(two, 0, -1)).toBe(two);
    expect(panelsOf(resizePanel(two, 1, { w: 24 }))[1]!.layout).toEqual({ x: 0, y: 0, w: 24, h: 7 });
    expect(panelsOf(withoutPanel(two, 0))).toHaveLength(1);
  });

  it("says groups and patterns as W&B does", () => {
    expect(changed({}, "groupBy", "lr.value")).toEqual({ groupBy: "lr.value", aggregate: true });
    expect(changed({ groupBy: "lr.value", aggregate: true }, "groupBy", undefined)).toEqual({});
    expect(accessor({ section: "config", name: "a.b" }, false)).toBe("config:a.value.b");
    expect(accessor({ section: "run", name: "group" }, true)).toBe("group");
  });

  it("has its filters as lists", () => {
    const [baselines] = grid.runSets!;
    expect(filtersOf(conditions(baselines!.filters))).toEqual(baselines!.filters);
    const leaf = (name: string) => ({ key: { section: "config", name }, op: "=", value: 1 });
    expect(conditions({ op: "OR", filters: [{ op: "AND", filters: [leaf("a"), leaf("b")] }] })).toEqual([leaf("a"), { ...leaf("b"), connector: "AND" }]);
  });

  it.each([["0.5", 0.5], ["true", true], ["abc", "abc"], ['"5"', "5"], ["null", null], ["1e", "1e"]])("reads the value %s", (text, value) => {
    expect(valueOfText(text)).toBe(value);
    expect(valueOfText(valueSaid(value))).toBe(value);
  });

  it("reads lists of values", () => {
    expect(valueOfText('a, 2, "b, c"', "IN")).toEqual(["a", 2, "b, c"]);
    expect(valueOfText(valueSaid(["a", 2, "b, c"]), "IN")).toEqual(["a", 2, "b, c"]);
  });
});

describe("code", () => {
  it.each([
    ["python", "def f(x):  # one\n    return 'a' + \"\"\"b\nc\"\"\"", ["def", "f", "# one", "return", "'a'", '"""b\nc"""']],
    ["json", '{"a": [1.5, true]}', ['"a"', "1.5", "true"]],
    ["bash", "export A=1 # x", ["export", "1", "# x"]],
  ])("has its colours in %s, and all of its text", (language, code, marked) => {
    const found = tokens(code, language);
    expect(found.map((one) => one.text).join("")).toBe(code);
    expect(found.filter((one) => one.kind !== "plain").map((one) => one.text)).toEqual(marked);
  });

  it("of unknown languages stays plain", () => {
    expect(tokens("def", "cobol")).toEqual([{ kind: "plain", text: "def" }]);
  });
});
