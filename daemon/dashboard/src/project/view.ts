/** What a workspace shows, and how that is said in the URL, so that a link shares it. Pure. */
import { compact, escape, expand, unescape } from "../chart/compact";
import type { LineOptions } from "../chart/options";

/** Charts with more lines than this cannot be read. */
export const MOST_SHOWN = 200;

/** Which runs have their eye open: all but these, or only these. */
export interface Eyes {
  open: boolean;
  except: string[];
}

export interface View {
  /** The filter box's text. */
  filter: string;
  /** The search in names of runs. */
  search: string;
  /** A field, with `-` before it for the greatest first. */
  sort: string;
  group: string[];
  eyes: Eyes;
  /** The search in metrics. */
  metrics: string;
  /** Settings of all panels. */
  all: Partial<LineOptions>;
  /** Settings of one panel, by its key. */
  panels: Record<string, Partial<LineOptions>>;
  /** Sections that are folded; with `+` before it, unfolded though they begin folded. */
  folded: string[];
  /** The id of a saved view that is open. */
  saved: string;
}

export const FRESH: View = {
  filter: "",
  search: "",
  sort: "-created",
  group: [],
  eyes: { open: true, except: [] },
  metrics: "",
  all: {},
  panels: {},
  folded: [],
  saved: "",
};

const list = (text: string | null) => (text ? text.split(",").filter(Boolean).map(unescape) : []);
const joined = (names: readonly string[]) => names.map(escape).join(",") || null;

/** The parameters of the URL; `null` for what is as it is anyway. */
export function toQuery(view: View): Record<string, string | null> {
  const { eyes } = view;
  const panels = Object.entries(view.panels).map(([key, options]) => [escape(key), compact(options)]);
  return {
    f: view.filter || null,
    q: view.search || null,
    sort: view.sort === FRESH.sort ? null : view.sort,
    group: joined(view.group),
    eyes: eyes.open && eyes.except.length === 0 ? null : `${eyes.open ? "-" : "+"}${joined(eyes.except) ?? ""}`,
    m: view.metrics || null,
    o: compact(view.all) || null,
    p: panels.filter(([, said]) => said).map(([key, said]) => `${key}~${said}`).join(";") || null,
    fold: joined(view.folded),
    view: view.saved || null,
  };
}

/** The view that a URL's parameters say. */
export function fromQuery(read: (name: string) => string | null): View {
  const eyes = read("eyes") ?? "-";
  const panels = (read("p") ?? "").split(";").filter(Boolean).map((one) => one.split("~"));
  return {
    filter: read("f") ?? "",
    search: read("q") ?? "",
    sort: read("sort") ?? FRESH.sort,
    group: list(read("group")),
    eyes: { open: !eyes.startsWith("+"), except: list(eyes.slice(1)) },
    metrics: read("m") ?? "",
    all: expand(read("o") ?? ""),
    panels: Object.fromEntries(panels.map(([key, said]) => [unescape(key!), expand(said ?? "")])),
    folded: list(read("fold")),
    saved: read("view") ?? "",
  };
}

/** Whether nothing was chosen yet. */
export function isFresh(view: View): boolean {
  return Object.values(toQuery(view)).every((value) => value === null);
}

export function isShown(eyes: Eyes, run: string): boolean {
  return eyes.open !== eyes.except.includes(run);
}

/** With these runs' eyes opened or closed. */
export function withEyes(eyes: Eyes, runs: readonly string[], shown: boolean): Eyes {
  const others = eyes.except.filter((run) => !runs.includes(run));
  return { open: eyes.open, except: eyes.open === shown ? others : [...others, ...runs] };
}

/** With settings of one panel; `null` takes them all back, and an `undefined` setting that one. */
export function withPanel(view: View, key: string, options: Partial<LineOptions> | null): View {
  const { [key]: before, ...others } = view.panels;
  if (options === null) return { ...view, panels: others };
  const after = Object.fromEntries(Object.entries({ ...before, ...options }).filter(([, value]) => value != null));
  return { ...view, panels: Object.keys(after).length > 0 ? { ...others, [key]: after } : others };
}

/** Whether a section is open; that of the machine begins folded. */
export function isOpen(view: View, section: string, begins: boolean): boolean {
  return begins ? !view.folded.includes(section) : view.folded.includes(`+${section}`);
}

export function withOpen(view: View, section: string, begins: boolean, open: boolean): View {
  const mark = begins ? section : `+${section}`;
  const others = view.folded.filter((one) => one !== mark);
  return { ...view, folded: open === begins ? others : [...others, mark] };
}
