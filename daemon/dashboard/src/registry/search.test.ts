import { expect, test } from "vitest";

import type { CollectionView, RegistryView } from "../api";
import { access, byOrganization, changes, choices, found, selected } from "./search";

const collection = (name: string, aliases: string[], tags: string[] = []): CollectionView => ({
  entity: "org", project: "wandb-registry-model", name, type: "model", links: true, version_count: 1, aliases, description: null,
  tags, created_us: 0, updated_us: null, by: null,
});

const registry = (organization: string, name: string, more: Partial<RegistryView> = {}): RegistryView => ({
  organization, name, project: `wandb-registry-${name}`, description: null, access: null, artifact_types: null,
  protected_aliases: [], collection_count: 0, version_count: 0, created_us: 0, updated_us: null, ...more,
});

test("collections by name, alias and tag, all at once", () => {
  const all = [collection("digits", ["production"], ["vision"]), collection("words", ["production"]), collection("digits-old", [])];
  const names = (name: string, alias: string, tag: string) => found(all, { name, alias, tag }).map((one) => one.name);
  expect(names("", "", "")).toHaveLength(3);
  expect(names("DIGITS", "", "")).toEqual(["digits", "digits-old"]);
  expect(names("", "production", "")).toEqual(["digits", "words"]);
  expect(names("digits", "production", "vision")).toEqual(["digits"]);
  expect(choices(all, (one) => one.aliases)).toEqual(["production"]);
});

test("registries by organization", () => {
  const all = [registry("a", "model"), registry("b", "model"), registry("b", "dataset")];
  expect(byOrganization(all, "").map(([name, of]) => [name, of.length])).toEqual([["a", 1], ["b", 2]]);
  expect(byOrganization(all, "b data").map(([, of]) => of[0]!.name)).toEqual(["dataset"]);
});

test("only what was changed is sent", () => {
  const was = registry("a", "model", { description: "ours", artifact_types: ["model"], protected_aliases: ["prod", "staging"] });
  const same = { description: "ours", types: ["model"], protectedAliases: ["staging", "prod"] };
  expect(changes(was, same)).toEqual({});
  expect(changes(was, { ...same, types: [] })).toEqual({ artifact_types: [] });
  expect(changes(was, { ...same, description: "", protectedAliases: ["prod"] })).toEqual({ description: "", protected_aliases: ["prod"] });
});

test("access in words, and W&B's link to a collection", () => {
  expect(access(registry("a", "m", { access: "RESTRICTED" }))).toBe("its members only");
  expect(access(registry("a", "m"))).toBeNull();
  expect(selected("org/wandb-registry-model/digits")).toBe("digits");
  expect(selected("org/wandb-registry-model")).toBeNull();
});
