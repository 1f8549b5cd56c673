/** A registry: its collections and settings; below it a collection, and a version. */
import { useEffect } from "preact/hooks";

import { get, path, type RegistryCollections } from "../api";
import { useLive } from "../live";
import { registryProject } from "../artifacts/names";
import { VersionPage } from "../artifacts/version";
import { useData } from "../data";
import { go, query, to, type Route } from "../routes";
import { count } from "../ui/format";
import { Markdown } from "../ui/markdown";
import { Shown } from "../ui/state";
import { Tabs } from "../ui/tabs";
import { useTitle } from "../ui/title";
import { RegistryCollection } from "./collection";
import { Collections } from "./collections";
import { access, selected } from "./search";
import { Settings } from "./settings";
import "./registry.css";

type At = Extract<Route, { page: "registry" }>;

export default function Page({ route }: { route: At }) {
  const chosen = route.collection === undefined ? selected(query("selectionPath")) : null;
  useEffect(() => {
    if (chosen) go(to.registryCollection(route.entity, route.registry, chosen, query("version") ?? undefined), true);
  }, [chosen]);
  if (chosen) return null;
  const project = registryProject(route.registry);
  if (route.collection === undefined) return <Registry route={route} />;
  const of = { entity: route.entity, project, collection: route.collection };
  if (route.version === undefined) return <RegistryCollection of={of} registry={route.registry} />;
  return (
    <VersionPage
      of={of}
      version={route.version}
      tab={query("tab") ?? "overview"}
      up={[
        { title: "Registries", href: to.registries() },
        { title: route.registry, href: to.registry(route.entity, route.registry) },
        { title: route.collection, href: to.registryCollection(route.entity, route.registry, route.collection) },
      ]}
    />
  );
}

function Registry({ route }: { route: At }) {
  const { entity, registry } = route;
  useTitle(`${registry} · registry`);
  const loaded = useData(
    (abort) => get<RegistryCollections>(path`/v1/registries/${entity}/${registry}`, {}, abort),
    [entity, registry],
  );
  useLive({ entity, project: registryProject(registry) }, (changed) => changed.artifacts, loaded.again);
  const page = to.registry(entity, registry);
  const at = query("tab") === "settings" ? "settings" : "collections";
  return (
    <section class="page">
      <p class="artifacts-up">
        <a href={to.registries()}>Registries</a> / {entity}
      </p>
      <h1>{registry}</h1>
      <Shown of={loaded} what="the registry">
        {(found) => (
          <>
            <div class="artifacts-about">
              {found.registry.description && <Markdown text={found.registry.description} />}
              <p class="dim">
                {count(found.registry.collection_count, "collection")}, {count(found.registry.version_count, "version")}
                {access(found.registry) && `, seen by ${access(found.registry)}`}
              </p>
            </div>
            <Tabs
              label="Of this registry"
              at={at}
              tabs={[
                { name: "collections", title: "Collections", href: page },
                { name: "settings", title: "Settings", href: `${page}?tab=settings` },
              ]}
            />
            {at === "settings" ? (
              <Settings registry={found.registry} again={loaded.again} />
            ) : (
              <Collections registry={found.registry} collections={found.collections} />
            )}
          </>
        )}
      </Shown>
    </section>
  );
}
