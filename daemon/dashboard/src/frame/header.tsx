/** The line at the top: where we are, the project's pages, search, theme. */
import { useEffect, useRef, useState } from "preact/hooks";

import { signOut } from "../api";
import { to, type Route } from "../routes";
import { Dialog } from "../ui/dialog";
import { Menu } from "../ui/menu";
import { Tabs } from "../ui/tabs";
import { setTheme, theme, type Theme } from "../ui/theme";
import { KEYS, listenToKeys, type Over } from "./keys";
import { Search } from "./search";
import "./frame.css";

function crumbs(route: Route): { title: string; href: string }[] {
  if (!("entity" in route)) return [];
  const all = [{ title: route.entity, href: to.entity(route.entity) }];
  if ("project" in route) all.push({ title: route.project, href: to.project(route.entity, route.project) });
  if (route.page === "registry") all.push({ title: route.registry, href: to.registry(route.entity, route.registry) });
  return all;
}

/** What the browser's tab says. */
export function titleOf(route: Route): string {
  const names: string[] = crumbs(route).map((crumb) => crumb.title).reverse();
  if (route.page === "run") names.unshift(route.run);
  if (route.page === "artifacts" && route.name) names.unshift(route.name);
  return [...names, "pannier"].join(" – ");
}

/** The project's page that a route is of. */
function tabOf(route: Route): string {
  if (route.page === "run" || route.page === "compare") return "table";
  return route.page === "report" ? "reports" : route.page;
}

export function Header({ route }: { route: Route }) {
  const [over, setOver] = useState<Over>(null);
  const now = useRef(route);
  now.current = route;
  useEffect(() => listenToKeys(() => now.current, setOver), []);
  const title = titleOf(route);
  useEffect(() => void (document.title = title), [title]);
  const close = () => setOver(null);
  return (
    <header class={"project" in route ? "top with-tabs" : "top"}>
      <div class="frame-line">
        <a class="brand" href="/">
          pannier
        </a>
        <nav class="crumbs" aria-label="Where you are">
          {crumbs(route).map((crumb) => (
            <a key={crumb.href} href={crumb.href}>
              {crumb.title}
            </a>
          ))}
        </nav>
        <button class="frame-search" aria-label="Search (Ctrl K)" onClick={() => setOver("search")}>
          Search <kbd>Ctrl K</kbd>
        </button>
        <nav class="places" aria-label="Pages">
          <a href={to.registries()}>Registry</a>
          <a href={to.status()}>Status</a>
          <More onHelp={() => setOver("help")} />
        </nav>
      </div>
      {"project" in route && <ProjectTabs entity={route.entity} project={route.project} at={tabOf(route)} />}
      {over === "search" && <Search route={route} onClose={close} />}
      {over === "help" && <Help onClose={close} />}
    </header>
  );
}

function ProjectTabs({ entity, project, at }: { entity: string; project: string; at: string }) {
  const tabs = [
    { name: "workspace", title: "Workspace", href: to.project(entity, project) },
    { name: "table", title: "Table", href: to.table(entity, project) },
    { name: "artifacts", title: "Artifacts", href: to.artifacts(entity, project) },
    { name: "reports", title: "Reports", href: to.reports(entity, project) },
  ];
  return <Tabs label="Project" tabs={tabs} at={at} />;
}

const THEMES: [Theme, string][] = [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]];

function More({ onHelp }: { onHelp: () => void }) {
  return (
    <Menu class="quiet" label={<span aria-label="More">⋯</span>} title="Theme, keys, sign out">
      {(close) => (
        <>
          <div class="frame-themes" role="radiogroup" aria-label="Theme">
            {THEMES.map(([name, title]) => (
              <button key={name} role="radio" aria-checked={theme.value === name} onClick={() => setTheme(name)}>
                {title}
              </button>
            ))}
          </div>
          <button onClick={() => (close(), onHelp())}>Keyboard help</button>
          <button onClick={signOut}>Sign out</button>
        </>
      )}
    </Menu>
  );
}

function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="frame-keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
