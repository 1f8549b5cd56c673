/** What keys do on every page. Pure but for the listener. */
import { go, to, type Route } from "../routes";

/** Opens what is over the page. */
export type Over = "search" | "help" | null;

/** What the help says. */
export const KEYS: [keys: string, what: string][] = [
  ["Ctrl K", "Search runs, metrics, projects and pages"],
  ["?", "This help"],
  ["Ctrl Z", "In a workspace or table: undo the last change of the view"],
  ["g h", "Go to all projects"],
  ["g w", "Go to the project’s workspace"],
  ["g t", "Go to its table of runs"],
  ["g a", "Go to its artifacts"],
  ["g r", "Go to its reports"],
  ["g s", "Go to the machine’s status"],
  ["Double click", "In a chart: the whole of x again, after a zoom by dragging"],
  ["← →", "In a chart that has the focus: from point to point; with Shift by ten; Home for the whole of x"],
  ["Esc", "Close what is open"],
];

/** Where `g` and this key lead. */
export function goal(key: string, route: Route): string | null {
  if (key === "h") return to.home();
  if (key === "s") return to.status();
  if (!("project" in route)) return null;
  const { entity, project } = route;
  const pages: Record<string, string> = {
    w: to.project(entity, project),
    t: to.table(entity, project),
    a: to.artifacts(entity, project),
    r: to.reports(entity, project),
  };
  return pages[key] ?? null;
}

/** Whether what has the focus takes letters. */
export function typing(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return Boolean(element?.closest?.("input:not([type=checkbox], [type=range], [type=color]), textarea, select, [contenteditable=true]"));
}

/** Listens until the answer is called. */
export function listenToKeys(route: () => Route, open: (what: Over) => void): () => void {
  let afterG = 0;
  const listen = (event: KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return open("search");
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") return open("help");
    const path = Date.now() - afterG < 1500 ? goal(event.key, route()) : null;
    afterG = event.key === "g" ? Date.now() : 0;
    if (path) go(path);
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}
