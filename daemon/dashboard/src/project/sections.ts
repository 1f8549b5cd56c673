/** Which panels a workspace has by itself: one for each metric, in sections by the part before the first `/`. Pure. */
import type { KeyView, Keys } from "../api";

export interface AutoPanel {
  kind: "line" | "media" | "system";
  key: string;
  /** The metric that `define_metric` draws it against. */
  stepMetric: string | null;
}

export interface Section {
  name: string;
  panels: AutoPanel[];
}

/** The sections' names that are not of a prefix. */
export const CHARTS = "Charts";
export const MEDIA = "Media";
export const SYSTEM = "System";

const compare = new Intl.Collator("en", { numeric: true }).compare;

/** The sections: those without a prefix first, then those with curves, then those of media alone, the machine's last. */
export function sections(keys: Keys, search: string): Section[] {
  const wanted = matcher(search);
  const all = new Map<string, AutoPanel[]>();
  const add = (name: string, panel: AutoPanel) => {
    if (!wanted(panel.key)) return;
    const panels = all.get(name);
    if (panels) panels.push(panel);
    else all.set(name, [panel]);
  };
  for (const one of keys.media) add(sectionOf(one.key, MEDIA), { kind: "media", key: one.key, stepMetric: null });
  for (const one of shown(keys.metrics, search)) {
    add(sectionOf(one.key), { kind: "line", key: one.key, stepMetric: one.step_metric });
  }
  for (const one of shown(keys.system, search)) add(SYSTEM, { kind: "system", key: one.key, stepMetric: null });
  // Curves first: they are what most people look for, and media take more room.
  const order = (a: AutoPanel, b: AutoPanel) => Number(a.kind === "media") - Number(b.kind === "media") || compare(a.key, b.key);
  const list = [...all].map(([name, panels]) => ({ name, panels: panels.sort(order) }));
  return list.sort((a, b) => rank(a) - rank(b) || compare(a.name, b.name));
}

/** Metrics that `define_metric` hides, and W&B's own, are shown to those who search for them. */
function shown(metrics: readonly KeyView[], search: string): readonly KeyView[] {
  return search ? metrics : metrics.filter((one) => !one.hidden && !one.key.startsWith("_"));
}

function rank({ name, panels }: Section): number {
  if (name === CHARTS) return 0;
  if (name === SYSTEM) return 3;
  return panels[0]!.kind === "media" ? 2 : 1;
}

/** The part before the first `/`; `without`, where there is none. */
export function sectionOf(key: string, without = CHARTS): string {
  const slash = key.indexOf("/");
  return slash > 0 ? key.slice(0, slash) : without;
}

/** Whether a key has the text in it: as a regular expression where it is one, else as it is. */
export function matcher(search: string): (key: string) => boolean {
  if (search === "") return () => true;
  try {
    const regex = new RegExp(search, "i");
    return (key) => regex.test(key);
  } catch {
    const plain = search.toLowerCase();
    return (key) => key.toLowerCase().includes(plain);
  }
}
