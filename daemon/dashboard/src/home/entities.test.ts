import { expect, test } from "vitest";

import type { ProjectView } from "../api";
import { byEntity } from "./entities";

const of = (entity: string, project: string): ProjectView => ({ entity, project, runs: 1, running: 0, collections: 0, updated_us: 0 });

test("projects by entity, one's own first, in the order given, and searched", () => {
  const all = [of("team", "b"), of("me", "z"), of("team", "a"), of("you", "x")];
  const names = (search: string) => byEntity(all, search, "me").map((one) => [one.entity, one.projects.map(({ project }) => project)]);
  expect(names("")).toEqual([["me", ["z"]], ["team", ["b", "a"]], ["you", ["x"]]]);
  expect(names(" TEAM/a")).toEqual([["team", ["a"]]]);
  expect(names("none")).toEqual([]);
});
