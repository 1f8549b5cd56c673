// @vitest-environment node
import { describe, expect, it } from "vitest";

import { cellText, filterOf, readDelimited, readTable, sorted } from "./table-data";

const table = readTable({ columns: ["name", "score", 3], data: [["cat", 0.9, null], ["dog", 10, "x y"], ["Eel", 9, true], "bad"] })!;
const names = (rows: unknown[][]) => rows.map((row) => row[0]);
const filtered = (query: string) => names(table.rows.filter(filterOf(query, table.columns)));

describe("a table", () => {
  it("is read forgivingly", () => {
    expect(table.columns).toEqual(["name", "score", "3"]);
    expect(table.rows).toHaveLength(3);
    expect([null, [], { columns: [] }, { columns: 3, data: [] }].map(readTable)).toEqual([null, null, null, null]);
  });

  it.each([
    ["", ["cat", "dog", "Eel"]],
    ["O", ["dog"]],
    ["score>=9", ["dog", "Eel"]],
    ["score>9 name!=cat", ["dog"]],
    ["NAME=eel", ["Eel"]],
    ["name~a", ["cat"]],
    ['3="x y"', ["dog"]],
    ['"x y"', ["dog"]],
    ["nothing=3", []],
    ["score<z", ["cat", "dog", "Eel"]],
    [">=", []],
  ])("filtered by %j", (query, expected) => expect(filtered(query)).toEqual(expected));

  it("is sorted by numbers as numbers, what is missing last", () => {
    expect(names(sorted(table.rows, { column: 1, down: false }))).toEqual(["cat", "Eel", "dog"]);
    expect(names(sorted(table.rows, { column: 1, down: true }))).toEqual(["dog", "Eel", "cat"]);
    expect(names(sorted(table.rows, { column: 2, down: true })).at(-1)).toBe("cat");
    expect(names(sorted(table.rows, { column: 0, down: false }))).toEqual(["cat", "dog", "Eel"]);
    expect(sorted([["r10"], ["r9"]], { column: 0, down: false })).toEqual([["r9"], ["r10"]]);
    expect(names(sorted(table.rows, null))).toEqual(names(table.rows));
  });

  it("names media", () => {
    expect(cellText({ _type: "image-file", path: "a.png", caption: "c" })).toBe("c");
    expect(cellText({ a: 1 })).toBe('{"a":1}');
  });
});

describe("delimited text", () => {
  it("is read with its quotes", () => {
    const { columns, rows, cut } = readDelimited('a,b\r\n1,"x, ""y""\n z"\n-2.5e3,\n', ",", 10);
    expect([columns, rows, cut]).toEqual([["a", "b"], [[1, 'x, "y"\n z'], [-2500, ""]], false]);
  });
  it("is cut where it is long", () => expect(readDelimited("a\n" + "1\n".repeat(50), ",", 10)).toMatchObject({ cut: true, rows: { length: 10 } }));
  it("of nothing is nothing", () => expect(readDelimited("", "\t", 10)).toEqual({ columns: [], rows: [], cut: false }));
});
