/**
 * The colour of a run: the same in every chart, list and visit, because it is
 * made from the run's id; people may choose another, which this browser keeps.
 */
import { signal } from "@preact/signals";

const KEY = "pannier.colors";

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

const known = new Map<string, string>();

function made(id: string): string {
  const before = known.get(id);
  if (before) return before;
  const bits = hash(id);
  // Neighbouring hues are told apart by how strong and how light they are; all can be seen on light and dark.
  const hue = bits % 360;
  const tint = (bits >>> 12) % 3;
  const color = fromHsl(hue, [0.62, 0.78, 0.45][tint]!, [0.47, 0.55, 0.52][tint]! - yellowish(hue));
  known.set(id, color);
  return color;
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
