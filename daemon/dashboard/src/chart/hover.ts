/** Where the mouse is, told to all charts that are in sight: at most once a frame. */
import type { Along } from "../api";

export interface Hover {
  /** The chart under the mouse; `null` where a list of runs is. */
  source: object | null;
  along: Along;
  /** Of a chart. */
  x: number | null;
  /** The run whose line is nearest. */
  run: string | null;
}

type Listener = (hover: Hover | null) => void;

const listeners = new Set<Listener>();
let now: Hover | null = null;
let frame = 0;

/** Says where the mouse is; `null` where it left. */
export function sayHover(hover: Hover | null): void {
  now = hover;
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    for (const listener of listeners) listener(now);
  });
}

/** Where the mouse is, for a chart that was drawn anew beneath it. */
export function hovered(): Hover | null {
  return now;
}

/** Calls `listen` for each change, until the answer is called. */
export function onHover(listen: Listener): () => void {
  listeners.add(listen);
  return () => void listeners.delete(listen);
}

/** Whether two charts are laid along the same, so that a place in one is one in the other. */
export function sameAlong(a: Along, b: Along): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && a.metric === b.metric);
}
