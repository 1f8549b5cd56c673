/** Light or dark: the system's, or as chosen in this browser. */
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "pannier.theme";

/** What was chosen. */
export const theme = signal<Theme>((localStorage.getItem(KEY) as Theme | null) ?? "system");

/** Counts changes of what is seen, chosen or the system's: canvases draw again. */
export const themeSeen = signal(0);

/** Chooses, and remembers it. */
export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  localStorage.setItem(KEY, chosen);
  apply();
}

function apply(): void {
  if (theme.value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
  themeSeen.value += 1;
}

globalThis.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change", () => (themeSeen.value += 1));
if (theme.value !== "system") apply();
