import { describe, expect, it } from "vitest";

import { parseInline, plain, type Inline } from "./markdown-inline";
import { LENGTH_MAX, parse, type Block } from "./markdown-parse";

const blocks = (text: string) => parse(text).blocks;
const kinds = (text: string) => blocks(text).map((block) => block.kind);

/** A compact form that reads like what is shown. */
function said(nodes: Inline[]): string {
  const form = (node: Inline): string => {
    switch (node.kind) {
      case "formula":
        return `$${node.tex}$`;
      case "text":
        return node.text;
      case "code":
        return `<code ${node.text}>`;
      case "break":
        return "<br>";
      case "link":
        return `<a ${node.to?.href ?? "refused"}|${said(node.children)}>`;
      case "image":
        return `<img ${node.src}|${node.alt}>`;
      default:
        return `<${node.kind} ${said(node.children)}>`;
    }
  };
  return nodes.map(form).join("");
}
const inline = (text: string) => said(parseInline(text));

describe("inline", () => {
  it.each([
    ["*a* **b** ***c*** ~~d~~ _e_ __f__", "<emphasis a> <strong b> <emphasis <strong c>> <strike d> <emphasis e> <strong f>"],
    ["snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"],
    ["**bold *both* bold**", "<strong bold <emphasis both> bold>"],
    ["*unclosed **two", "*unclosed **two"],
    ["`a*b*` ``a`b`` `open", "<code a*b*> <code a`b> `open"],
    ["\\*no\\* &amp; &lt; &#65; &bogus;", "*no* & < A &bogus;"],
    ["a  \nb\nc\\\nd", "a<br>b\nc<br>d"],
    ["[t](https://e.org/a_b_(c) \"title\")", "<a https://e.org/a_b_(c)|t>"],
    ["[**b** `c`](/e/p)", "<a /e/p|<strong b> <code c>>"],
    ["*a [b* c](https://e.org)", "*a <a https://e.org/|b* c>"],
    ["see https://e.org/x_y_z, or <https://e.org/?a=b&c>.", "see <a https://e.org/x_y_z|https://e.org/x_y_z>, or <a https://e.org/?a=b&c|https://e.org/?a=b&c>."],
    ["[not a link] [x](", "[not a link] [x]("],
    ["![alt *x*](https://e.org/i.png)", "<img https://e.org/i.png|alt x>"],
    ["[![a](b.png)](https://e.org)", "<a https://e.org/|<img b.png|a>>"],
  ])("%s", (text, expected) => expect(inline(text)).toBe(expected));

  it("says the words alone", () => expect(plain(parseInline("a **b** `c` ![d](e)"))).toBe("a b c d"));
});

describe("hostile links", () => {
  it.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\\nscript:alert(1)",
    "&#106;avascript:alert(1)",
    "vbscript:x",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "blob:https://e.org/x",
    "https://user:secret@e.org/",
    "\u0001javascript:alert(1)",
  ])("%s is refused", (address) => expect(inline(`[x](${address})`)).not.toMatch(/<a (?!refused)/));

  it("HTML is text", () => {
    const text = '<script>alert(1)</script><img src=x onerror="alert(1)">';
    expect(inline(text)).toBe(text);
    expect(kinds("<div>\n\n**a**\n\n</div>")).toEqual(["paragraph", "paragraph", "paragraph"]);
  });
});

describe("blocks", () => {
  it("headings, with ids that are one's own", () => {
    const found = blocks("# One two!\n## One two ##\nThree\n===\n#nothing");
    expect(found.map((block) => block.kind === "heading" && [block.level, block.id])).toEqual([[1, "user-one-two"], [2, "user-one-two-1"], [1, "user-three"], false]);
  });
  it("fences keep what is in them", () => {
    expect(blocks("```py\n# a\n\n* b\n```\nafter")).toMatchObject([{ kind: "code", language: "py", text: "# a\n\n* b" }, { kind: "paragraph" }]);
    expect(blocks("~~~\nopen")).toMatchObject([{ kind: "code", text: "open" }]);
  });
  it("lists: nested, numbered, tasks", () => {
    const [list] = blocks("- a\n  - b\n    more\n- [x] c\n- [ ] d") as [Extract<Block, { kind: "list" }>];
    expect(list.items.map((item) => item.done)).toEqual([null, true, false]);
    expect(list.items[0]!.blocks.map((block) => block.kind)).toEqual(["paragraph", "list"]);
    expect(list.loose).toBe(false);
    expect(blocks("3. a\n\n4. b")).toMatchObject([{ kind: "list", ordered: true, start: 3, loose: true, items: [{}, {}] }]);
    expect(kinds("- a\n* b")).toEqual(["list", "list"]);
    expect(kinds("In the year\n1986. It was")).toEqual(["paragraph"]);
  });
  it("code within an item", () => {
    const [list] = blocks("- a\n\n  ```\n  x\n\n  y\n  ```\n- b") as [Extract<Block, { kind: "list" }>];
    expect(list.items).toHaveLength(2);
    expect(list.items[0]!.blocks[1]).toMatchObject({ kind: "code", text: "x\n\ny" });
  });
  it("tables, with sides and bars in cells", () => {
    const [table] = blocks("| a | b\\|c |\n|:-:|--:|\n| 1 | **2** | 3 |\n| 4 |\n\nafter") as [Extract<Block, { kind: "table" }>];
    expect(table.align).toEqual(["center", "right"]);
    expect(table.head.map(said)).toEqual(["a", "b|c"]);
    expect(table.rows.map((row) => row.map(said))).toEqual([["1", "<strong 2>"], ["4", ""]]);
    expect(kinds("a | b\nno table")).toEqual(["paragraph"]);
  });
  it("quotes, with lazy lines, and rules", () => {
    expect(blocks("> a\nb\n> > c\n\n---")).toMatchObject([{ kind: "quote", blocks: [{ kind: "paragraph" }, { kind: "quote" }] }, { kind: "rule" }]);
  });
  it("addresses that are defined apart", () => {
    const [paragraph] = blocks("[a][Ref], [ref] and [none]\n\n[REF]: https://e.org/x 'title'") as [Extract<Block, { kind: "paragraph" }>];
    expect(said(paragraph.children)).toBe("<a https://e.org/x|a>, <a https://e.org/x|ref> and [none]");
  });
});

describe("texts beyond reason take time in proportion", () => {
  const many = 100_000;
  it.each([
    ["marks", "*a ".repeat(many)],
    ["closed marks", "*a_ ".repeat(many)],
    ["nested marks", `${"*a ".repeat(many)}${" a*".repeat(many)}`],
    ["brackets", "[".repeat(many * 3)],
    ["links without an end", "[a](b".repeat(many)],
    ["angled links without an end", "[a](<b".repeat(many)],
    ["nested links", `${"[a ".repeat(many)}${"](b)".repeat(many)}`],
    ["images", "![".repeat(many) + "](a)".repeat(many)],
    ["backticks", Array.from({ length: 800 }, (_, at) => "`".repeat(at + 1)).join(" ")],
    ["quotes", ">".repeat(many)],
    ["nested quotes", "> ".repeat(many)],
    ["nested lists", "- ".repeat(many)],
    ["deep lists", Array.from({ length: 1000 }, (_, at) => `${" ".repeat(at * 2)}- a`).join("\n")],
    ["spaces in a fence", `\`\`\`${" ".repeat(many * 5)}\``],
    ["tildes", `${"~".repeat(many * 5)}\``],
    ["a heading of spaces", `# ${" ".repeat(many * 5)}\u2028x`],
    ["bars", "|".repeat(many * 5) + "\n" + "|-".repeat(many * 2)],
    ["addresses", "http://".repeat(many)],
    ["lines", "a\n".repeat(many)],
  ])("%s", (_, text) => {
    const begun = performance.now();
    parse(text);
    expect(performance.now() - begun).toBeLessThan(3000);
  });
  it("what is too long is cut, and said to be", () => {
    expect(parse("a".repeat(LENGTH_MAX + 1)).cut).toBe(true);
    expect(parse("a").cut).toBe(false);
  });
});

it("formulas are no markup, and prices are no formulas", () => {
  const { blocks } = parse("So $x_1 * y_2$ and $5 or $6-$7\n\n\\$a$\n\n$$\na_1 &= b \\\\\n- c\n$$\n\n`$d$`");
  expect(blocks.map((block) => block.kind)).toEqual(["paragraph", "paragraph", "formula", "paragraph"]);
  expect(blocks[2]).toEqual({ kind: "formula", tex: "a_1 &= b \\\\\n- c" });
  expect(blocks[0]).toMatchObject({ children: [{ text: "So " }, { kind: "formula", tex: "x_1 * y_2", display: false }, { text: " and $5 or $6-$7" }] });
  expect(blocks[1]).toMatchObject({ children: [{ text: "$a$" }] });
  expect(blocks[3]).toMatchObject({ children: [{ kind: "code", text: "$d$" }] });
});
