/** Where the panels of a grid stand: W&B's 24 columns, and fewer on narrow pages. Pure. */
import type { Layout, PanelSpec } from "./spec";

/** W&B's grid. */
export const COLUMNS = 24;

const DEFAULT: Layout = { x: 0, y: 0, w: 8, h: 6 };

/** The place of a panel, within the grid whatever its spec says. */
export function layoutOf(panel: PanelSpec): Layout {
  const said = { ...DEFAULT, ...panel.layout };
  const w = clamp(said.w, 1, COLUMNS, DEFAULT.w);
  return { x: clamp(said.x, 0, COLUMNS - w, 0), y: clamp(said.y, 0, 10_000, 0), w, h: clamp(said.h, 1, 200, DEFAULT.h) };
}

/** Places without overlaps and without empty rows above them, in the order of the panels. */
export function placed(panels: PanelSpec[]): Layout[] {
  const wanted = panels.map(layoutOf);
  const order = wanted.map((_, at) => at).sort((a, b) => wanted[a]!.y - wanted[b]!.y || wanted[a]!.x - wanted[b]!.x || a - b);
  const done: Layout[] = [];
  const result: Layout[] = [...wanted];
  for (const at of order) {
    const place = { ...wanted[at]! };
    while (done.some((other) => overlap(other, place))) place.y += 1;
    // What floats is pulled up to what holds it.
    while (place.y > 0 && !done.some((other) => overlap(other, { ...place, y: place.y - 1 }))) place.y -= 1;
    done.push(place);
    result[at] = place;
  }
  return result;
}

/** The first free place of a size below or beside the others. */
export function freePlace(panels: PanelSpec[], w: number = DEFAULT.w, h: number = DEFAULT.h): Layout {
  const taken = placed(panels);
  const bottom = Math.max(0, ...taken.map((one) => one.y + one.h));
  for (let y = 0; y < bottom; y += 1) {
    for (let x = 0; x + w <= COLUMNS; x += w) {
      const place = { x, y, w, h };
      if (!taken.some((other) => overlap(other, place))) return place;
    }
  }
  return { x: 0, y: bottom, w, h };
}

/** The order in which panels are read, for narrow pages and keyboards. */
export function readingOrder(places: Layout[]): number[] {
  return places.map((_, at) => at).sort((a, b) => places[a]!.y - places[b]!.y || places[a]!.x - places[b]!.x);
}

function overlap(a: Layout, b: Layout): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function clamp(value: number, least: number, most: number, otherwise: number): number {
  return Number.isFinite(value) ? Math.min(most, Math.max(least, Math.round(value))) : otherwise;
}
