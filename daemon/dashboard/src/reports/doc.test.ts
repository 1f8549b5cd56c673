// @vitest-environment node
import { describe, expect, it } from "vitest";

import panelsSpec from "./fixtures/panels.json?raw";
import textsSpec from "./fixtures/texts.json?raw";
import { EMPTY_SPEC, parseDoc, piece, specOf, widthOf } from "./doc";

// The fixtures are what report.save() of wandb-workspaces 0.4.13 sends.
const spaced = '{ "version": 5,\n "blocks" : [\n  {"type": "paragraph", "children": [{"text": "a \\"]} b\\\\"}], "n": 1.0},\n  {"x": [1, {}]},\n  {"type": "later"}\n ],\n "width": "fixed" }';

describe("a spec", () => {
  it.each([["texts", textsSpec], ["panels", panelsSpec]])("of the SDK comes out as it went in: %s", (_, spec) => {
    expect(specOf(parseDoc(spec)!)).toBe(spec);
  });

  it("with spaces comes out as it went in", () => {
    const doc = parseDoc(spaced)!;
    expect(doc.pieces.map((one) => one.block.type)).toEqual(["paragraph", undefined, "later"]);
    expect(specOf(doc)).toBe(spaced);
    expect(widthOf(doc)).toBe("fixed");
  });

  it("keeps untouched blocks byte for byte when others change", () => {
    const doc = parseDoc(spaced)!;
    const edited = { ...doc, pieces: [doc.pieces[0]!, piece({ type: "new" }), doc.pieces[2]!] };
    const after = specOf(edited);
    expect(after).toContain('{"type": "paragraph", "children": [{"text": "a \\"]} b\\\\"}], "n": 1.0}');
    expect((JSON.parse(after) as { blocks: unknown[] }).blocks).toHaveLength(3);
    const panels = parseDoc(panelsSpec)!;
    const moved = specOf({ ...panels, pieces: [panels.pieces[1]!, panels.pieces[0]!] });
    expect(moved).toContain(panels.pieces[1]!.raw);
  });

  it("without blocks can get some", () => {
    const doc = parseDoc('{"blocks":[],"width":"fluid"}')!;
    expect(specOf({ ...doc, pieces: [piece({ type: "a" }), piece({ type: "b" })] })).toBe('{"blocks":[{"type":"a"},{"type":"b"}],"width":"fluid"}');
    expect(specOf({ ...parseDoc(EMPTY_SPEC)!, pieces: [] })).toContain('"blocks":[]');
  });

  it("that is none is said to be none", () => {
    expect(parseDoc("")).toBeNull();
    expect(parseDoc("[]")).toBeNull();
    expect(parseDoc('{"blocks":{}}')).toBeNull();
  });
});
