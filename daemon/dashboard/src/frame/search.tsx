/** Search by keyboard: runs and metrics of the project, projects and pages. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { get, type Keys, type Projects, type RunList } from "../api";
import { useData } from "../data";
import { byName } from "../project/filter";
import { go, to, type Route } from "../routes";
import { Dialog } from "../ui/dialog";
import { count } from "../ui/format";
import { best } from "./match";

interface Hit {
  kind: string;
  title: string;
  more?: string;
  href: string;
}

const MOST = 8;
const LATER_MS = 150;

/** What was typed, once nothing more is for a moment. */
function useLater(typed: string): string {
  const [later, setLater] = useState(typed);
  useEffect(() => {
    const timer = setTimeout(() => setLater(typed), LATER_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return later;
}

type Of = { entity: string; project: string } | null;

function useHits(of: Of, typed: string): Hit[] {
  const later = useLater(typed);
  const projects = useData((signal) => get<Projects>("/v1/projects", {}, signal), []);
  const keys = useData(async (signal) => (of ? await get<Keys>("/v1/keys", { ...of }, signal) : null), [of]);
  const runs = useData(
    async (signal) => {
      const filters = of && byName(later);
      const query = { ...of, filters: filters && JSON.stringify(filters), limit: MOST };
      return of ? await get<RunList>("/v1/runs", query, signal) : null;
    },
    [of, later],
  );
  return useMemo(() => {
    const found: Hit[] = (runs.data?.runs ?? []).map((run) => ({
      kind: "Run",
      title: run.name || run.run,
      more: `${run.run}, ${run.state}`,
      href: to.run(run.entity, run.project, run.run),
    }));
    const metrics: Hit[] = (of ? (keys.data?.metrics ?? []) : []).map(({ key, runs: how }) => ({
      kind: "Metric",
      title: key,
      more: `in ${count(how, "run")}`,
      href: `${to.project(of!.entity, of!.project)}?m=${encodeURIComponent(`^${key.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`)}`,
    }));
    const all: Hit[] = (projects.data?.projects ?? []).map((one) => ({
      kind: "Project",
      title: one.project,
      more: one.entity,
      href: to.project(one.entity, one.project),
    }));
    const fit = (hits: Hit[], most: number) => best(hits, typed, (hit) => `${hit.title} ${hit.kind === "Project" ? hit.more : ""}`, most);
    return [...found.slice(0, typed ? MOST : 4), ...fit(metrics, typed ? MOST : 4), ...fit(all, MOST), ...fit(pages(of), MOST)];
  }, [runs.data, keys.data, projects.data, typed]);
}

function pages(of: Of): Hit[] {
  const page = (title: string, href: string): Hit => ({ kind: "Page", title, href });
  const here = of
    ? [
        page("Workspace", to.project(of.entity, of.project)),
        page("Table of runs", to.table(of.entity, of.project)),
        page("Artifacts", to.artifacts(of.entity, of.project)),
        page("Reports", to.reports(of.entity, of.project)),
      ]
    : [];
  return [...here, page("All projects", to.home()), page("Registry", to.registries()), page("Status of this machine", to.status())];
}

export function Search({ route, onClose }: { route: Route; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const of = "project" in route ? { entity: route.entity, project: route.project } : null;
  const hits = useHits(of, typed);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => setAt(0), [typed]);
  useEffect(() => list.current?.children[at]?.scrollIntoView?.({ block: "nearest" }), [at]);
  const open = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    go(hit.href);
  };
  const key = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((was) => (was + step + hits.length) % Math.max(1, hits.length));
    } else if (event.key === "Enter") open(hits[at]);
  };
  return (
    <Dialog title="Search" onClose={onClose}>
      <input
        class="frame-find"
        role="combobox"
        autofocus
        aria-label="Search runs, metrics, projects and pages"
        aria-expanded="true"
        aria-controls="frame-hits"
        aria-activedescendant={hits[at] ? `frame-hit-${at}` : undefined}
        placeholder={of ? `Runs and metrics of ${of.project}, projects, pages` : "Projects and pages"}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={key}
      />
      <ul id="frame-hits" ref={list} class="frame-hits" role="listbox" aria-label="Found">
        {hits.map((hit, index) => (
          <li key={`${hit.kind} ${hit.href}`} id={`frame-hit-${index}`} role="option" aria-selected={index === at} onClick={() => open(hit)} onMouseMove={() => setAt(index)}>
            <span class="dim">{hit.kind}</span> {hit.title} <span class="dim">{hit.more}</span>
          </li>
        ))}
        {hits.length === 0 && <li class="dim">Nothing is called so.</li>}
      </ul>
    </Dialog>
  );
}
