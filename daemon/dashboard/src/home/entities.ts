/** Projects by their entities. Pure. */
import type { ProjectView } from "../api";

export interface Entity {
  entity: string;
  projects: ProjectView[];
}

/** Entities in the order of their last change, one's own first; only of projects that the search is part of. */
export function byEntity(projects: readonly ProjectView[], search: string, own?: string): Entity[] {
  const typed = search.trim().toLowerCase();
  const all = new Map<string, ProjectView[]>();
  for (const one of projects) {
    if (!`${one.entity}/${one.project}`.toLowerCase().includes(typed)) continue;
    const of = all.get(one.entity);
    if (of) of.push(one);
    else all.set(one.entity, [one]);
  }
  const list = [...all].map(([entity, of]) => ({ entity, projects: of }));
  return list.sort((a, b) => Number(b.entity === own) - Number(a.entity === own));
}
