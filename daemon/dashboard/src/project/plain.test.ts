import { expect, test } from "vitest";

import { comparison } from "../panels/comparison";
import { fakeRun } from "../panels/fake";
import { plain } from "./plain";

test("facts are compared without the ids of their writers", () => {
  const of = (writer: string, gpu: string) => fakeRun(writer, { metadata: { host: "h", wandb: { t: 1, e: { [writer]: { gpu, os: "Linux" } } } } });
  const rows = comparison([of("a1", "H100"), of("b2", "A100")].map(plain), true).filter((row) => row.section === "metadata");
  expect(rows.map((row) => [row.key, row.differs])).toEqual([["host", false], ["wandb.gpu", true], ["wandb.os", false], ["wandb.t", false]]);
  expect(plain(fakeRun("x"))).toEqual(fakeRun("x"));
});
