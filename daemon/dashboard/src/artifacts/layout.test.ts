import { expect, test } from "vitest";

import { curve, layout, SIZES, type Edge } from "./layout";

const edges = (...said: string[]): Edge[] => said.map((one) => ({ from: one[0]!, to: one[1]! }));
const lay = (keys: string, ...said: string[]) => layout([...keys], edges(...said));
const x = (placed: ReturnType<typeof lay>, key: string) => placed.nodes.get(key)!.x;

test("data flows from left to right", () => {
  const placed = lay("abcd", "ab", "bc", "cd", "ad");
  expect(["a", "b", "c", "d"].map((key) => x(placed, key))).toEqual([...placed.nodes.values()].map((at) => at.x).sort((a, b) => a - b));
  for (const { points } of placed.edges) {
    for (let at = 1; at < points.length; at += 1) expect(points[at]!.x).toBeGreaterThan(points[at - 1]!.x);
  }
});

test("what nothing leads to is just before what it leads to", () => {
  const placed = lay("abcz", "ab", "bc", "zc");
  expect(x(placed, "z")).toBe(x(placed, "b"));
});

test("no two nodes lie over each other", () => {
  const keys = "abcdefghijkl";
  const placed = lay(keys, "ab", "ac", "ad", "ae", "bf", "cf", "df", "ef", "fg", "fh", "ai", "gi", "jf", "kf", "la");
  const all = [...placed.nodes];
  for (const [one, a] of all) {
    for (const [other, b] of all) {
      if (one < other && a.x === b.x) expect(Math.abs(a.y - b.y)).toBeGreaterThanOrEqual(SIZES.height);
    }
  }
  for (const [, at] of all) {
    expect(at.y - SIZES.height / 2).toBeGreaterThanOrEqual(-0.01);
    expect(at.y + SIZES.height / 2).toBeLessThanOrEqual(placed.height + 0.01);
    expect(at.x + SIZES.width / 2).toBeLessThanOrEqual(placed.width);
  }
});

test("an edge that passes layers is led past what lies in them", () => {
  const placed = lay("abcd", "ab", "bc", "cd", "ad");
  const long = placed.edges.find(({ edge }) => edge.from === "a" && edge.to === "d")!.points;
  for (const key of ["b", "c"]) {
    const node = placed.nodes.get(key)!;
    const beside = long.filter((point) => Math.abs(point.x - node.x) <= SIZES.width / 2);
    expect(beside).toHaveLength(2);
    for (const point of beside) expect(Math.abs(point.y - node.y)).toBeGreaterThan(SIZES.height / 2);
  }
});

test("a circle is laid out too, and the edge that closes it leads back", () => {
  const placed = lay("abc", "ab", "bc", "cb");
  const [from, to] = placed.edges.find(({ edge }) => edge.from === "c")!.points;
  expect(from!.x).toBeGreaterThan(to!.x);
  expect(placed.nodes.size).toBe(3);
});

test("neither nothing, nor a stranger, nor an edge to itself is a trouble", () => {
  expect(layout([], [])).toMatchObject({ height: 0, edges: [] });
  const placed = lay("a", "aa", "ab");
  expect(placed.edges).toEqual([]);
  expect(placed.height).toBe(SIZES.height);
});

test("crossings that need not be are not made", () => {
  const placed = lay("abcd", "ad", "bc");
  const y = (key: string) => placed.nodes.get(key)!.y;
  expect(Math.sign(y("a") - y("b"))).toBe(Math.sign(y("d") - y("c")));
});

test("a line goes through its points", () => {
  expect(curve([{ x: 0, y: 0 }, { x: 10, y: 4 }])).toBe("M 0 0 C 5 0, 5 4, 10 4");
  expect(curve([])).toBe("");
});
