import { expect, test } from "vitest";

import { above, entriesOf, listing } from "./files";

const entries = entriesOf(
  ["data/a10.txt", "data/a2.txt", "data/deep/x.bin", "README.md"]
    .map((path, at) => JSON.stringify({ path, digest: "d", size: at + 1 }))
    .join("\n") + "\n",
);

test("folders have the sums of what is below them", () => {
  const top = listing(entries, "");
  expect(top.folders).toEqual([{ name: "data", path: "data", bytes: 6, files: 3 }]);
  expect(top.files.map((file) => file.path)).toEqual(["README.md"]);
});

test("numbers in names are in the order of numbers", () => {
  const data = listing(entries, "data");
  expect(data.files.map((file) => file.path)).toEqual(["data/a2.txt", "data/a10.txt"]);
  expect(data.folders.map((folder) => folder.path)).toEqual(["data/deep"]);
  expect(above("data/deep")).toEqual([{ name: "data", path: "data" }, { name: "deep", path: "data/deep" }]);
});
