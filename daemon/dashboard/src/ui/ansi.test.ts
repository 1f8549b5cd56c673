// @vitest-environment node
import { describe, expect, it } from "vitest";

import { hits, marked, plainLine, spans } from "./ansi";

const E = "\x1b[";

describe("spans of a terminal's line", () => {
  it("have its colours", () => {
    expect(spans(`a${E}31mred${E}1;44m bold${E}0m end`)).toEqual([
      { text: "a", style: {} },
      { text: "red", style: { fg: 1 } },
      { text: " bold", style: { fg: 1, bold: true, bg: 4 } },
      { text: " end", style: {} },
    ]);
  });
  it.each<[string, object]>([
    ["38;5;9", { fg: 9 }],
    ["38;5;196", { fg: "rgb(255 0 0)" }],
    ["48;5;244", { bg: "rgb(128 128 128)" }],
    ["38;2;1;2;3;4", { fg: "rgb(1 2 3)", underline: true }],
    ["38:2:1:2:3", { fg: "rgb(1 2 3)" }],
    ["38;5", {}],
    ["38;2;999;0;0", {}],
    ["97;107", { fg: 15, bg: 15 }],
    ["1;2;22", {}],
    ["31;39;7;27", {}],
    ["", {}],
  ])("%s", (code, style) => expect(spans(`${E}${code}mx`)).toEqual([{ text: "x", style }]));

  it("say nothing of what is for the terminal alone", () => {
    const line = `${E}?25l${E}2Ka\x1b]0;title\x07b\x1b]8;;https://e.org\x1b\\link\x1b]8;;\x1b\\${E}1A\x1b(Bc\x07\x00d\x1b`;
    expect(spans(line)).toEqual([{ text: "ablinkcd", style: {} }]);
    expect(plainLine(line)).toBe("ablinkcd");
  });
  it("are what the line was in the end", () => {
    expect(plainLine("10%\r20%\r\r")).toBe("20%");
    expect(spans("10%\r20%")).toEqual([{ text: "20%", style: {} }]);
    expect(plainLine("")).toBe("");
  });
  it("keep tabs, and letters of any kind", () => expect(plainLine("a\tö\u{1f600}")).toBe("a\tö\u{1f600}"));
  it("take time in proportion", () => {
    const begun = performance.now();
    for (const line of [`${E}`.repeat(200_000), "\x1b]".repeat(200_000), `${E}1`.repeat(200_000), "\r".repeat(400_000) + "x"]) spans(line);
    spans(`${E}${"1;".repeat(200_000)}mx`);
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});

describe("a search", () => {
  it("marks across spans", () => {
    const found = marked(spans(`an ER${E}31mror, error`), "error");
    expect(found.map(({ text, hit }) => (hit ? `[${text}]` : text)).join("|")).toBe("an |[ER]|[ror]|, |[error]");
  });
  it("finds whatever the case", () => {
    expect(hits("aXax", "AX")).toEqual([0, 2]);
    expect(hits("aaa", "aa")).toEqual([0]);
    expect(hits("a", "")).toEqual([]);
  });
});
