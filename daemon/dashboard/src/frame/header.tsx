/** The line at the top: where we are, search, theme. */
import { to, type Route } from "../routes";
import { signOut } from "../api";

function crumbs(route: Route): { title: string; href: string }[] {
  if (!("entity" in route)) return [];
  const all = [{ title: route.entity, href: to.entity(route.entity) }];
  if ("project" in route) all.push({ title: route.project, href: to.project(route.entity, route.project) });
  if (route.page === "registry") all.push({ title: route.registry, href: to.registry(route.entity, route.registry) });
  return all;
}

export function Header({ route }: { route: Route }) {
  return (
    <header class="top">
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
      <nav class="places" aria-label="Pages">
        <a href={to.registries()}>Registry</a>
        <a href={to.status()}>Status</a>
        <button class="quiet" onClick={signOut}>
          Sign out
        </button>
      </nav>
    </header>
  );
}
