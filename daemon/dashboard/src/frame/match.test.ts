import { expect, test } from "vitest";

import { best, score } from "./match";

test("the start, then the start of a word, then within, then letters in order", () => {
  const all = ["retrain", "xoss", "val/train", "train/loss", "t-r-a-i-n"];
  expect(best(all, "train", (one) => one, 9)).toEqual(["train/loss", "val/train", "retrain", "t-r-a-i-n"]);
  expect(best(all, "", (one) => one, 2)).toEqual(["retrain", "xoss"]);
  expect(score("loss", "lss")).toBeGreaterThan(0);
  expect(score("loss", "sl")).toBe(0);
});
