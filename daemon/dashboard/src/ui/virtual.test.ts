import { expect, test } from "vitest";

import { windowOf } from "./virtual";

test("only what is in sight, and a little more, is there; the gaps keep the length", () => {
  const seen = windowOf(1000, 30, 3000, 600);
  expect(seen).toEqual({ first: 92, end: 128, before: 2760, after: 26_160 });
  expect(seen.before + (seen.end - seen.first) * 30 + seen.after).toBe(30_000);
  expect(windowOf(3, 30, 0, 600)).toEqual({ first: 0, end: 3, before: 0, after: 0 });
  expect(windowOf(5, 30, 9000, 600)).toMatchObject({ first: 5, end: 5, after: 0 });
});
