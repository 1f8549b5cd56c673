/**
 * The colour of a run: the same in every chart, list and visit. It is made from the
 * run's id; where that would be like a neighbour's, another is, and this browser
 * keeps which. People may choose yet another.
 */
import { signal } from "@preact/signals";

const KEY = "pannier.colors";
const SEEN = "pannier.colors.seen";

/** Chosen colours, by run. Reading it makes a component follow changes. */
const chosen = signal<Record<string, string>>(stored());

function stored(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, string>;
  } catch {
    return {};
  }
}

/** The choices as a whole: what keeps colours depends on it. */
export function choices(): object {
  return chosen.value;
}

/** The colour of a run (or of a group, by its label) as `#rrggbb`. */
export function runColor(id: string): string {
  return chosen.value[id] ?? made(id);
}

/** Chooses a colour; `null` takes the choice back. */
export function setRunColor(id: string, color: string | null): void {
  const { [id]: _, ...others } = chosen.value;
  chosen.value = color === null ? others : { ...others, [id]: color };
  localStorage.setItem(KEY, JSON.stringify(chosen.value));
}

/** Whether somebody chose this run's colour. */
export function isChosen(id: string): boolean {
  return id in chosen.value;
}

/** Which of an id's candidates it has, in the order in which ids were first seen here; the oldest are forgotten. */
const seen = new Map<string, number>(storedSeen());
const colors = new Map<string, string>();
let storing = false;

const CANDIDATES = 8;
/** A new run differs from so many that were new before it. */
const NEAR = 14;
const MOST_SEEN = 3000;

function storedSeen(): [string, number][] {
  try {
    return Object.entries(JSON.parse(localStorage.getItem(SEEN) ?? "{}") as Record<string, number>);
  } catch {
    return [];
  }
}

/** The first of the id's candidates that is unlike its neighbours', once and for all. */
function made(id: string): string {
  const before = colors.get(id);
  if (before) return before;
  const which = seen.get(id) ?? choose(id);
  const { hue, tint } = candidate(id, which);
  const color = fromHsl(hue, [0.62, 0.78, 0.45][tint]!, [0.47, 0.55, 0.52][tint]! - yellowish(hue));
  colors.set(id, color);
  return color;
}

function choose(id: string): number {
  const near = [...seen].slice(-NEAR).map(([other, which]) => candidate(other, which));
  let [best, most] = [0, -1];
  for (let which = 0; which < CANDIDATES; which += 1) {
    const least = Math.min(60, ...near.map((other) => distance(other, candidate(id, which))));
    if (least > most) [best, most] = [which, least];
  }
  seen.set(id, best);
  if (seen.size > MOST_SEEN) seen.delete(seen.keys().next().value!);
  if (!storing) queueMicrotask(store);
  storing = true;
  return best;
}

function store(): void {
  storing = false;
  localStorage.setItem(SEEN, JSON.stringify(Object.fromEntries(seen)));
}

interface Tone {
  hue: number;
  tint: number;
}

/** Neighbouring hues are told apart by how strong and how light they are; all can be seen on light and dark. */
function candidate(id: string, which: number): Tone {
  const bits = hash(which === 0 ? id : `${id}#${which}`);
  return { hue: bits % 360, tint: (bits >>> 12) % 3 };
}

function distance(a: Tone, b: Tone): number {
  const far = Math.abs(a.hue - b.hue);
  return Math.min(far, 360 - far) + (a.tint === b.tint ? 0 : 12);
}

/** Yellow and green are lighter to the eye than they measure. */
function yellowish(hue: number): number {
  return hue > 45 && hue < 190 ? 0.1 : 0;
}

/** FNV-1a, mixed so that ids that differ in their last letter differ in all. */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

function fromHsl(hue: number, saturation: number, light: number): string {
  const part = (shift: number) => {
    const at = (shift + hue / 30) % 12;
    const value = light - saturation * Math.min(light, 1 - light) * Math.max(-1, Math.min(at - 3, 9 - at, 1));
    return Math.round(value * 255).toString(16).padStart(2, "0");
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}
