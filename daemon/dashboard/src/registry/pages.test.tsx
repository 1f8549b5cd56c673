import { expect, test, vi } from "vitest";

import { button, press, root, server, show, type, writes } from "../artifacts/testing";
import { here } from "../routes";
import List from "./list";
import Page from "./page";

const project = "wandb-registry-model";
const registry = {
  organization: "org", name: "model", project, description: "ours", access: "RESTRICTED", artifact_types: ["model"],
  protected_aliases: ["production"], collection_count: 1, version_count: 2, created_us: 1e15, updated_us: null,
};
const collection = {
  entity: "org", project, name: "digits", type: "model", links: true, version_count: 2, aliases: ["latest", "production"],
  description: null, tags: ["vision"], created_us: 1e15, updated_us: null, by: "ann",
};
const alias = (name: string) => ({ alias: name, time_us: 1e15, by: "ann", conflict: false });
const version = (number: number, aliases: string[]) => ({
  id: `id${number}`, type: "model", digest: "d", size: 1, file_count: 1, created_us: 1e15, updated_us: null, tags: [], description: null,
  metadata: null, ttl_s: null, sync: { state: "here", remotes: {} }, entity: "org", project, collection: "digits", version: number,
  provisional: false, was: null, link: true, aliases: aliases.map(alias), since_us: 1e15, by: "bob",
});
const source = { ...version(7, []), entity: "e", project: "p", collection: "net", link: false };
const answers = {
  "/v1/registries": { registries: [registry] },
  "/v1/registries/org/model": { registry, collections: [collection] },
  "/v1/collections/org/wandb-registry-model/digits?limit=50": {
    collection, versions: [version(1, ["latest"]), version(0, ["production"])], more: false,
  },
  "digits%3Av1": { ...version(1, ["latest"]), places: [source, version(1, [])] },
  "digits%3Av0": { ...version(0, ["production"]), places: [version(0, ["production"])] },
};
const aliases = "/v1/collections/org/wandb-registry-model/digits/aliases";

test("an alias is moved from where it stands; a refusal is said in words, and the dialog stays", async () => {
  const refused = { error: 'alias "production" is protected in org/model', hint: "ask one of its administrators" };
  server({ [`POST ${aliases}`]: [403, refused], ...answers });
  await show(<Page route={{ page: "registry", entity: "org", registry: "model", collection: "digits" }} />);
  expect(root().textContent).toContain("protected");
  await vi.waitFor(() => expect(root().querySelector('a[href="/e/p/artifacts/model/net/v7"]')?.textContent).toBe("e/p/net:v7"));
  await vi.waitFor(() => expect(root().textContent).toContain("not to be seen from here"));
  await press("Move production");
  expect(root().querySelector("dialog")!.textContent).toContain("It is at v0 now");
  await press("Move alias");
  expect(writes()).toEqual([{ method: "POST", to: aliases, body: { artifact: "id1", add: ["production"], remove: [] } }]);
  expect(root().querySelector("dialog [role=alert]")!.textContent).toContain("protected in org/model");
  server({ [`POST ${aliases}`]: version(1, ["production"]), ...answers });
  await press("Move alias");
  expect(root().querySelector("dialog")).toBeNull();
});

test("a link is taken away after it was asked", async () => {
  server(answers);
  await show(<Page route={{ page: "registry", entity: "org", registry: "model", collection: "digits" }} />);
  await press("Take the link v0 away");
  await press("Take the link away");
  expect(writes()).toEqual([{ method: "DELETE", to: "/v1/collections/org/wandb-registry-model/digits/links/id0", body: undefined }]);
});

test("a registry: what is looked for by alias and tag, and settings of which only what changed is sent", async () => {
  server({ "PATCH /v1/registries/org/model": registry, ...answers });
  await show(<Page route={{ page: "registry", entity: "org", registry: "model" }} />);
  expect(root().textContent).toContain("seen by its members only");
  expect(root().querySelector('a[href="/registry/org/model/digits"]')).not.toBeNull();
  here.value = new URL("/registry/org/model?tab=settings", location.href);
  await show(<Page route={{ page: "registry", entity: "org", registry: "model" }} />);
  expect(button("Save settings").disabled).toBe(true);
  await type("Protected aliases", "production, staging");
  await press("Save settings");
  expect(writes()).toEqual([{ method: "PATCH", to: "/v1/registries/org/model", body: { protected_aliases: ["production", "staging"] } }]);
  here.value = new URL("/", location.href);
});

test("a registry is made", async () => {
  server({ "POST /v1/registries/org": { ...registry, name: "data" }, ...answers });
  await show(<List />);
  await press("New registry");
  await type("Name", "data");
  await type("Types it takes", "dataset, raw");
  await press("Make registry");
  expect(writes()[0]!.body).toEqual({ name: "data", description: "", artifact_types: ["dataset", "raw"] });
  expect(here.value.pathname).toBe("/registry/org/data");
});
