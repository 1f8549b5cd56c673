import { expect, test } from "vitest";

import type { Keys, KeyView } from "../api";
import { matcher, sections } from "./sections";

const key = (name: string, more: Partial<KeyView> = {}): KeyView => ({ key: name, runs: 1, step_metric: null, hidden: false, ...more });

const KEYS: Keys = {
  metrics: [key("val/loss"), key("loss"), key("train/loss"), key("train/acc10"), key("train/acc9"), key("_runtime"), key("x", { hidden: true })],
  system: [key("_runtime"), key("system.cpu")],
  media: [
    { key: "train/a-samples", type: "image-file" },
    { key: "faces", type: "image-file" },
    { key: "audio/said", type: "audio-file" },
  ],
  config: [],
  summary: [],
};

test("a section for each prefix, those without first, the machine's last; curves before media", () => {
  const named = sections(KEYS, "").map(({ name, panels }) => [name, panels.map((panel) => panel.key)]);
  expect(named).toEqual([
    ["Charts", ["loss"]],
    ["train", ["train/acc9", "train/acc10", "train/loss", "train/a-samples"]],
    ["val", ["val/loss"]],
    ["audio", ["audio/said"]],
    ["Media", ["faces"]],
    ["System", ["system.cpu"]],
  ]);
});

test("a search is a regular expression, finds what is hidden, and drops empty sections", () => {
  expect(sections(KEYS, "^x$").flatMap((one) => one.panels.map((panel) => panel.key))).toEqual(["x"]);
  expect(sections(KEYS, "LOSS").map((one) => one.name)).toEqual(["Charts", "train", "val"]);
  expect(matcher("a[")("xa[y")).toBe(true);
});
