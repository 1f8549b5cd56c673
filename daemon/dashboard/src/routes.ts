/**
 * Which page a path is of, at the paths that W&B's clients print. Knows no page.
 */
import { signal } from "@preact/signals";

export type Tab = string;

export type Route =
  | { page: "home" }
  | { page: "login" }
  | { page: "authorize" }
  | { page: "status" }
  | { page: "entity"; entity: string }
  | { page: "workspace" | "table" | "compare"; entity: string; project: string; view?: string }
  | { page: "run"; entity: string; project: string; run: string; tab: Tab; rest: string[] }
  | { page: "artifacts"; entity: string; project: string; kind?: string; name?: string; version?: string; tab: Tab }
  | { page: "reports"; entity: string; project: string }
  | { page: "report"; entity: string; project: string; id: string; edit: boolean }
  | { page: "registries" }
  | { page: "registry"; entity: string; registry: string; collection?: string; version?: string }
  | { page: "nothing"; path: string };

const REGISTRY = "wandb-registry-";

/** The page of a path, without its query. */
export function parse(pathname: string): Route {
  const parts = pathname.split("/").filter(Boolean).map(decode);
  const [first, project, section, ...rest] = parts;
  if (first === undefined) return { page: "home" };
  if (parts.length === 1) {
    if (first === "login" || first === "authorize" || first === "status") return { page: first };
    if (first === "registry" || first === "registries") return { page: "registries" };
    return { page: "entity", entity: first };
  }
  if (first === "orgs" || first === "registry") return registryOfOrg(parts);
  const of = { entity: first, project: project! };
  if (of.project.toLowerCase().startsWith(REGISTRY)) return registryOfProject(of.entity, of.project, section, rest);
  return inProject(of, section, rest) ?? { page: "nothing", path: pathname };
}

function inProject(of: { entity: string; project: string }, section: string | undefined, rest: string[]): Route | null {
  const [one, two, three, four] = rest;
  switch (section) {
    case undefined:
    case "workspace":
      return { page: "workspace", ...of };
    case "table":
    case "compare":
      return { page: section, ...of };
    case "runs":
      if (one === undefined) return { page: "table", ...of };
      return { page: "run", ...of, run: one, tab: two ?? "overview", rest: rest.slice(2) };
    case "artifacts": {
      const named = { ...(one && { kind: one }), ...(two && { name: two }), ...(three && { version: three }) };
      return { page: "artifacts", ...of, ...named, tab: four ?? "overview" };
    }
    case "reports": {
      if (one === undefined) return { page: "reports", ...of };
      const id = one.includes("--") ? one.slice(one.lastIndexOf("--") + 2) : one;
      return { page: "report", ...of, id, edit: two === "edit" };
    }
    default:
      return null;
  }
}

/** `/orgs/ORG/registry/NAME?selectionPath=…` and `/registry/ORG/NAME/COLLECTION/VERSION`. */
function registryOfOrg(parts: string[]): Route {
  const [, entity, ...rest] = parts[0] === "orgs" ? parts.filter((part, at) => at !== 2 || part !== "registry") : parts;
  const [registry, collection, version] = rest;
  if (registry === undefined) return { page: "registries" };
  const name = registry.replace(/^wandb-registry-/i, "");
  return { page: "registry", entity: entity!, registry: name, ...(collection && { collection }), ...(version && { version }) };
}

function registryOfProject(entity: string, project: string, section: string | undefined, rest: string[]): Route {
  const [, collection, version] = section === "artifacts" ? rest : [];
  const registry = project.slice(REGISTRY.length);
  return { page: "registry", entity, registry, ...(collection && { collection }), ...(version && { version }) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const e = encodeURIComponent;

/** The paths of the pages. */
export const to = {
  home: () => "/",
  status: () => "/status",
  registries: () => "/registry",
  entity: (entity: string) => `/${e(entity)}`,
  project: (entity: string, project: string) => `/${e(entity)}/${e(project)}`,
  table: (entity: string, project: string) => `/${e(entity)}/${e(project)}/table`,
  compare: (entity: string, project: string, runs: string[]) =>
    `/${e(entity)}/${e(project)}/compare?runs=${runs.map(e).join(",")}`,
  run: (entity: string, project: string, run: string, tab?: string) =>
    `/${e(entity)}/${e(project)}/runs/${e(run)}${tab ? `/${tab}` : ""}`,
  artifacts: (entity: string, project: string) => `/${e(entity)}/${e(project)}/artifacts`,
  collection: (entity: string, project: string, kind: string, name: string) =>
    `/${e(entity)}/${e(project)}/artifacts/${e(kind)}/${e(name)}`,
  version: (entity: string, project: string, kind: string, name: string, version: string, tab?: string) =>
    `/${e(entity)}/${e(project)}/artifacts/${e(kind)}/${e(name)}/${e(version)}${tab ? `/${tab}` : ""}`,
  reports: (entity: string, project: string) => `/${e(entity)}/${e(project)}/reports`,
  report: (entity: string, project: string, title: string, id: string) =>
    `/${e(entity)}/${e(project)}/reports/${e(title.replaceAll(/[^\p{L}\p{N}]+/gu, "-"))}--${e(id)}`,
  registry: (entity: string, registry: string) => `/registry/${e(entity)}/${e(registry)}`,
  registryCollection: (entity: string, registry: string, collection: string, version?: string) =>
    `/registry/${e(entity)}/${e(registry)}/${e(collection)}${version ? `/${e(version)}` : ""}`,
};

/** Where we are. */
export const here = signal(new URL(location.href));

addEventListener("popstate", () => (here.value = new URL(location.href)));

/** Goes to a page of ours; `replace` leaves no step to come back to. */
export function go(target: string, replace = false): void {
  if (replace) history.replaceState(null, "", target);
  else history.pushState(null, "", target);
  const before = here.value.pathname;
  here.value = new URL(location.href);
  if (here.value.pathname !== before) scrollTo(0, 0);
}

/** A part of the view that lives in the URL's query, so that a link shares it. */
export function query(name: string): string | null {
  return here.value.searchParams.get(name);
}

/** Says a part of the view in the URL; `null` takes it out. */
export function setQuery(changes: Record<string, string | null>, replace = true): void {
  const url = new URL(here.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  go(url.pathname + url.search + url.hash, replace);
}

/** Follows links of ours without loading the shell again. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
  event.preventDefault();
  go(link.pathname + link.search + link.hash);
}
