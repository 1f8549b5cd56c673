/** Which page of a project's artifacts a path means: all of them, a collection, or a version. */
import { to, type Route } from "../routes";
import { CollectionPage } from "./collection";
import { CollectionList } from "./list";
import { VersionPage } from "./version";

export default function Page({ route }: { route: Extract<Route, { page: "artifacts" }> }) {
  const { entity, project, kind, name, version } = route;
  if (kind === undefined || name === undefined) return <CollectionList route={route} />;
  if (version === undefined) return <CollectionPage route={{ ...route, kind, name }} />;
  return (
    <VersionPage
      of={{ entity, project, collection: name }}
      version={version}
      tab={route.tab}
      up={[
        { title: "Artifacts", href: to.artifacts(entity, project) },
        { title: kind, href: `${to.artifacts(entity, project)}/${encodeURIComponent(kind)}` },
        { title: name, href: to.collection(entity, project, kind, name) },
      ]}
    />
  );
}
