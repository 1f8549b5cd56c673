import { expect, test } from "vitest";

import type { CollectionView } from "../api";
import { byType, collectionHref, listed, parseName, registryOf, versionHref, versionRoute } from "./names";

test("pages and routes of places, those of registries too", () => {
  const of = { entity: "e f", project: "p", collection: "c" };
  expect(versionRoute(of, "v1")).toBe("/v1/artifacts/e%20f/p/c%3Av1");
  expect(versionHref(of, "model", "v1", "files")).toBe("/e%20f/p/artifacts/model/c/v1/files");
  const linked = { entity: "org", project: "wandb-registry-Model", collection: "c" };
  expect(registryOf(linked.project)).toBe("Model");
  expect(collectionHref(linked, "model")).toBe("/registry/org/Model/c");
  expect(versionHref(linked, "model", "v0", "files")).toBe("/registry/org/Model/c/v0?tab=files");
});

test("names are taken apart from behind", () => {
  expect(parseName("e/p/a:b:v3")).toEqual({ entity: "e", project: "p", collection: "a:b", version: "v3" });
  expect(parseName("e/p")).toBeNull();
});

test("a line of names", () => {
  expect(listed(" a, b,,a ")).toEqual(["a", "b"]);
});

test("collections by type, as far as a search finds them", () => {
  const one = (name: string, type: string, tags: string[] = []): CollectionView => ({
    entity: "e", project: "p", name, type, links: false, version_count: 1, aliases: ["latest"], description: null, tags,
    created_us: 0, updated_us: null, by: null,
  });
  const all = [one("net", "model", ["gold"]), one("raw", "dataset"), one("clean", "dataset")];
  expect(byType(all, "").map(([type, found]) => [type, found.length])).toEqual([["dataset", 2], ["model", 1]]);
  expect(byType(all, "GOLD model").map(([type]) => type)).toEqual(["model"]);
});
