// @vitest-environment node
import { describe, expect, it } from "vitest";

import type { Block } from "./blocks";
import { parseDoc } from "./doc";
import textsSpec from "./fixtures/texts.json?raw";
import { edited, fromMarkdown, isText } from "./from-markdown";
import { toMarkdown } from "./to-markdown";

const p = (...children: Block["children"] & object): Block => ({ type: "paragraph", children });

describe("text blocks and markdown", () => {
  it("of the SDK go there and back unchanged", () => {
    const texts = parseDoc(textsSpec)!.pieces.map((one) => one.block).filter((block) => isText(block) && toMarkdown(block) !== "");
    expect(texts.map((one) => one.type)).toEqual(["heading", "paragraph", "heading", "list", "list", "list", "heading", "block-quote", "callout-block", "horizontal-rule"]);
    for (const block of texts) expect(edited(block, toMarkdown(block)), toMarkdown(block)).toEqual([block]);
  });

  it.each<[string, Block]>([
    ["**bold** *italic* ~~gone~~ `a_b`", p({ text: "bold", bold: true }, { text: " " }, { text: "italic", italic: true }, { text: " " }, { text: "gone", strikethrough: true }, { text: " " }, { text: "a_b", inlineCode: true })],
    ["A cost of \\$5, not $x_1 * y_2$ or `$z$`", p({ text: "A cost of $5, not " }, { type: "latex", children: [{ text: "" }], content: "x_1 * y_2" }, { text: " or " }, { text: "$z$", inlineCode: true })],
    ["1\\. no list", p({ text: "1. no list" })],
    ["\\# no heading", p({ text: "# no heading" })],
    ["a \\*b\\* \\[c\\] \\<d>", p({ text: "a *b* [c] <d>" })],
    ["[**a**](https://x.org/?a=1&b=2)", p({ type: "link", url: "https://x.org/?a=1&b=2", children: [{ text: "a", bold: true }] })],
  ])("inline: %s", (markdown, block) => {
    expect(fromMarkdown(markdown)).toEqual([block]);
    expect(toMarkdown(block)).toBe(markdown);
  });

  it("nest lists, with tasks and numbers", () => {
    const markdown = "- one\n  1. a\n  2. b\n     - [x] deep\n- two";
    const [list] = fromMarkdown(markdown);
    expect(list!.children![0]!.children!.map((one) => one.type)).toEqual(["paragraph", "list"]);
    expect(toMarkdown(list!)).toBe(markdown);
  });

  it("make blocks of their own of formulas, images, code and tables", () => {
    const text = "Before\n\n$$\n\\frac{a}{b}\n$$\n\n![cap](data:image/png;base64,AA==)\n\n```python\nx = '$a$'\ny = 1\n```\n\n| a | b |\n|---|--:|\n| 1 | **2** |\n\n> [!NOTE]\n> one\n> two";
    const found = fromMarkdown(text);
    expect(found.map((one) => one.type)).toEqual(["paragraph", "latex", "image", "code-block", "markdown-block", "callout-block"]);
    expect(found[1]!.content).toBe("\\frac{a}{b}");
    expect(found[3]!.children!.map((line) => line.children![0]!.text)).toEqual(["x = '$a$'", "y = 1"]);
    expect(found[4]!.content).toBe("| a | b |\n| --- | --: |\n| 1 | **2** |");
    expect(found[5]!.children).toHaveLength(2);
  });

  it("keep what the text does not say while the block stays one of its kind", () => {
    const old: Block = { type: "heading", level: 2, children: [{ text: "Old" }], collapsedChildren: [p({ text: "in" })], note: 1 };
    expect(edited(old, "# New")).toEqual([{ ...old, level: 1, children: [{ text: "New" }] }]);
    expect(edited(old, "New")).toEqual([p({ text: "New" })]);
    expect(edited(old, "")).toEqual([]);
  });

  it("take a paragraph apart and many lines in", () => {
    expect(fromMarkdown("a\n\nb").map((one) => one.type)).toEqual(["paragraph", "paragraph"]);
    const lines = p({ text: "a\n- b\n# c" });
    expect(fromMarkdown(toMarkdown(lines))).toEqual([lines]);
  });
});
