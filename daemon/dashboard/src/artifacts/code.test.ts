import { expect, test } from "vitest";

import { codeFor, shell } from "./code";

test("names are quoted where they must be", () => {
  expect(shell("e/p/c:v3")).toBe("e/p/c:v3");
  expect(shell("e/my p/c'd:v3")).toBe(`'e/my p/c'\\''d:v3'`);
});

test("both packages and the command", () => {
  const lines = codeFor('e/p/a "b":v3', "p");
  expect(lines).toHaveLength(5);
  expect(lines[1]!.text).toContain('wandb.init(project="p")');
  expect(lines[0]!.text).toContain('run.use_artifact("e/p/a \\"b\\":v3")');
  expect(lines[4]!.text).toBe(`pannier artifact get 'e/p/a "b":v3'`);
});
