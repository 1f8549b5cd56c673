import { expect, test } from "vitest";

import { columnsQuery, inOrder, offsets, readColumns, withPinned, withShown, type Columns } from "./columns";

const KEYS = { metrics: [], system: [], media: [], config: ["lr", "seed"], summary: ["_step", "loss"] };

function again(columns: Columns): Columns {
  const said = Object.entries(columnsQuery(columns)).filter((one): one is [string, string] => one[1] !== null);
  const url = new URLSearchParams(said);
  return readColumns((name) => url.get(name), KEYS);
}

test("some of each kind where nobody chose", () => {
  const { shown, pinned } = readColumns(() => null, KEYS);
  expect(shown).toEqual(["name", "state", "sync", "created", "duration", "step", "tags", "config.lr", "config.seed", "summary.loss"]);
  expect(pinned).toEqual(["name"]);
});

test("columns, pins and widths survive the URL", () => {
  const columns = { shown: ["name", "config.a,b~c", "state"], pinned: ["state", "name"], widths: { "config.a,b~c": 300 } };
  expect(again(columns)).toEqual(columns);
  expect(columnsQuery({ ...columns, pinned: [] })["pin"]).toBe("none");
  expect(inOrder(again({ ...columns, pinned: [] }))).toEqual(columns.shown);
});

test("pinned columns come first and stand beside each other", () => {
  let columns: Columns = { shown: ["name", "state", "config.lr"], pinned: ["name"], widths: { name: 100 } };
  columns = withPinned(withShown(columns, "state", false), "config.seed", true);
  expect(columns.shown).toEqual(["name", "config.lr", "config.seed"]);
  expect(inOrder(columns)).toEqual(["name", "config.seed", "config.lr"]);
  expect(offsets(columns, 30)).toEqual({ name: 30, "config.seed": 130 });
});
