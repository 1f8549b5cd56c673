/** What somebody wrote and did not save yet, kept by this browser: a closed page or a step back loses nothing. */
import type { View } from "../api";
import type { Said } from "./views";

export interface Kept extends Said {
  /** The state that was edited. */
  based_on_us: number;
}

const keyOf = (view: View) => `pannier.report.${view.id}`;

export function keep(view: View, said: Said): void {
  try {
    const kept: Kept = { ...said, based_on_us: view.updated_us };
    localStorage.setItem(keyOf(view), JSON.stringify(kept));
  } catch {
    // The browser has no room: what is on the page is still there.
  }
}

export function kept(view: View): Kept | null {
  try {
    const found = JSON.parse(localStorage.getItem(keyOf(view)) ?? "null") as Partial<Kept> | null;
    const whole = typeof found?.spec === "string" && typeof found.title === "string" && typeof found.based_on_us === "number";
    return whole ? { ...(found as Kept), description: found.description ?? "" } : null;
  } catch {
    return null;
  }
}

export function forget(view: View): void {
  localStorage.removeItem(keyOf(view));
}
