/** Finding registries and their collections. Pure. */
import type { CollectionView, EditRegistry, RegistryView } from "../api";

/** What a collection is looked for by; what is empty counts for nothing. */
export interface Wanted {
  name: string;
  alias: string;
  tag: string;
}

export function found(collections: CollectionView[], wanted: Wanted): CollectionView[] {
  const name = wanted.name.trim().toLowerCase();
  return collections.filter(
    (one) =>
      (one.name.toLowerCase().includes(name) || (one.description ?? "").toLowerCase().includes(name)) &&
      (wanted.alias === "" || one.aliases.includes(wanted.alias)) &&
      (wanted.tag === "" || one.tags.includes(wanted.tag)),
  );
}

/** What can be chosen of collections' aliases, or of their tags. */
export function choices(collections: CollectionView[], of: (one: CollectionView) => string[]): string[] {
  return [...new Set(collections.flatMap(of))].sort((a, b) => a.localeCompare(b));
}

/** Registries by organization; only those that a search finds. */
export function byOrganization(registries: RegistryView[], search: string): [string, RegistryView[]][] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, RegistryView[]>();
  for (const one of registries) {
    const text = `${one.organization} ${one.name} ${one.description ?? ""}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    groups.set(one.organization, [...(groups.get(one.organization) ?? []), one]);
  }
  return [...groups];
}

/** Who may see a registry, in words. */
export function access(registry: RegistryView): string | null {
  if (registry.access === null) return null;
  const said: Record<string, string> = { PRIVATE: "the whole organization", RESTRICTED: "its members only" };
  return said[registry.access.toUpperCase()] ?? registry.access;
}

/** What of a registry's settings was changed; what is left out stays as it is. */
export function changes(
  was: RegistryView,
  now: { description: string; types: string[]; protectedAliases: string[] },
): EditRegistry {
  const same = (a: string[], b: string[]) => a.length === b.length && a.every((one) => b.includes(one));
  return {
    ...(now.description !== (was.description ?? "") && { description: now.description }),
    ...(!same(now.types, was.artifact_types ?? []) && { artifact_types: now.types }),
    ...(!same(now.protectedAliases, was.protected_aliases) && { protected_aliases: now.protectedAliases }),
  };
}

/** `selectionPath=ORG/wandb-registry-NAME/COLLECTION` of W&B's links: the collection. */
export function selected(selectionPath: string | null): string | null {
  return selectionPath?.split("/").at(2) || null;
}
