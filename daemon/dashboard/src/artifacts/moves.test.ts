import { expect, test } from "vitest";

import type { MoveView } from "../api";
import { conflicts, holder, madeAt, target } from "./moves";

const move = (alias: string, version: number | null, stands: boolean, by = "ann"): MoveView => ({
  alias, version, to: version === null ? null : `id${version}`, time_us: 0, by, origin: "0123456789abcdef", stands,
});

test("moves that did not see each other are a conflict until one saw both", () => {
  const apart = [move("prod", 2, true, "bob"), move("prod", 1, true), move("prod", 0, false)];
  expect(conflicts(apart)).toEqual([{ alias: "prod", sides: [apart[0], apart[1]] }]);
  expect(conflicts([move("prod", 1, true), ...apart.map((one) => ({ ...one, stands: false }))])).toEqual([]);
});

test("no conflict: `latest`, and two that moved it to the same version", () => {
  expect(conflicts([move("latest", 2, true), move("latest", 1, true)])).toEqual([]);
  expect(conflicts([move("prod", 2, true, "bob"), move("prod", 2, true)])).toEqual([]);
});

test("taking a name away is a side, too", () => {
  const apart = [move("prod", null, true, "bob"), move("prod", 1, true)];
  expect(conflicts(apart)).toHaveLength(1);
  expect(apart.map(target)).toEqual(["taken away", "v1"]);
  expect(holder(apart, "prod")?.version).toBe(1);
});

test("where a move was made", () => {
  expect(madeAt(move("a", 1, true), "0123456789abcdef")).toBe("this machine");
  expect(madeAt(move("a", 1, true), null)).toBe("home 01234567");
});
