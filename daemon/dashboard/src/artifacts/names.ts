/**
 * What versions, collections and their places are called, and where their pages
 * and routes are. Pure.
 */
import { path, type CollectionView, type Place } from "../api";
import { to } from "../routes";

/** A collection: whose, in which project, its name. */
export interface Of {
  entity: string;
  project: string;
  collection: string;
}

const REGISTRY = "wandb-registry-";

/** The registry that a project is, if it is one. */
export function registryOf(project: string): string | null {
  return project.toLowerCase().startsWith(REGISTRY) ? project.slice(REGISTRY.length) : null;
}

export function registryProject(registry: string): string {
  return registryOf(registry) === null ? REGISTRY + registry : registry;
}

/** `/v1/collections/…` */
export function collectionRoute(of: Of): string {
  return path`/v1/collections/${of.entity}/${of.project}/${of.collection}`;
}

/** `/v1/artifacts/…` of a version: its number, alias or digest. */
export function versionRoute(of: Of, version: string): string {
  return path`/v1/artifacts/${of.entity}/${of.project}/${`${of.collection}:${version}`}`;
}

/** The page of a collection. */
export function collectionHref(of: Of, type: string): string {
  const registry = registryOf(of.project);
  if (registry !== null) return to.registryCollection(of.entity, registry, of.collection);
  return to.collection(of.entity, of.project, type, of.collection);
}

/** The page of a version, at one of its tabs. */
export function versionHref(of: Of, type: string, version: string, tab?: string): string {
  const registry = registryOf(of.project);
  if (registry === null) return to.version(of.entity, of.project, type, of.collection, version, tab);
  const page = to.registryCollection(of.entity, registry, of.collection, version);
  return tab && tab !== "overview" ? `${page}?tab=${tab}` : page;
}

/** `entity/project/collection:v3`, taken apart; `null` where it is no such name. */
export function parseName(name: string): (Of & { version: string }) | null {
  const found = /^([^/]+)\/([^/]+)\/(.+):([^:]+)$/.exec(name);
  if (!found) return null;
  return { entity: found[1]!, project: found[2]!, collection: found[3]!, version: found[4]! };
}

export function fullName(place: Of, version: string): string {
  return `${place.entity}/${place.project}/${place.collection}:${version}`;
}

/** The place that a version was logged at, where it is linked from. */
export function sourceOf(places: Place[]): Place | null {
  return places.find((place) => !place.link) ?? null;
}

export function samePlace(a: Of, b: Of): boolean {
  return a.entity === b.entity && a.project === b.project && a.collection === b.collection;
}

/** Names typed into one line: separated by commas, without doubles. */
export function listed(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  return [...new Set(names.filter(Boolean))];
}

/** Collections by type, in the order of types' names; only those that a search finds. */
export function byType(collections: CollectionView[], search: string): [string, CollectionView[]][] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, CollectionView[]>();
  for (const one of collections) {
    const text = [one.name, one.type, one.description ?? "", ...one.tags, ...one.aliases].join(" ").toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    groups.set(one.type, [...(groups.get(one.type) ?? []), one]);
  }
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}
