/** A collection: its versions, newest first, and the moves of their names. */
import { useState } from "preact/hooks";

import { get, type CollectionVersions, type VersionView } from "../api";
import { useData } from "../data";
import { query, to, type Route } from "../routes";
import { bytes, count } from "../ui/format";
import { Markdown } from "../ui/markdown";
import { Empty, Shown } from "../ui/state";
import { Tabs } from "../ui/tabs";
import { useTitle } from "../ui/title";
import { History } from "./history";
import { useLive } from "../live";
import { useLearned } from "./learned";
import { collectionRoute, versionHref, type Of } from "./names";
import { AliasBadge, NumberNote, SyncOfVersion, Tags, When } from "./parts";

const PAGE = 50;

export function CollectionPage({ route }: { route: Extract<Route, { page: "artifacts" }> & { kind: string; name: string } }) {
  const of: Of = { entity: route.entity, project: route.project, collection: route.name };
  useTitle(`${route.name} · ${route.project}`);
  const [limit, setLimit] = useState(PAGE);
  const loaded = useData(
    (abort) => get<CollectionVersions>(collectionRoute(of), { limit }, abort),
    [of.entity, of.project, of.collection, limit],
  );
  useLive(of, (changed) => changed.artifacts || changed.sync, loaded.again);
  useLearned(of, loaded.again);
  const page = to.collection(route.entity, route.project, route.kind, route.name);
  const at = query("tab") === "history" ? "history" : "versions";
  return (
    <section class="page">
      <p class="artifacts-up">
        <a href={to.artifacts(route.entity, route.project)}>Artifacts</a> / {route.kind}
      </p>
      <h1>{route.name}</h1>
      <Shown of={loaded} what="the versions">
        {(found) => (
          <>
            <About found={found} />
            <Tabs
              label="Of this collection"
              at={at}
              tabs={[
                { name: "versions", title: "Versions", href: page },
                { name: "history", title: "History of aliases", href: `${page}?tab=history` },
              ]}
            />
            {at === "history" ? <History of={of} type={found.collection.type} /> : <Versions of={of} found={found} />}
            {at === "versions" && found.more && <button onClick={() => setLimit(limit + PAGE)}>Show older versions</button>}
          </>
        )}
      </Shown>
    </section>
  );
}

function About({ found }: { found: CollectionVersions }) {
  const { collection } = found;
  return (
    <div class="artifacts-about">
      <p>
        <span class="badge">{collection.type}</span> {count(collection.version_count, "version")}, created{" "}
        <When us={collection.created_us} by={collection.by} />
        {collection.links && ", holds links to versions that were logged elsewhere"}
      </p>
      <Tags tags={collection.tags} />
      {collection.description && <Markdown text={collection.description} />}
    </div>
  );
}

function Versions({ of, found }: { of: Of; found: CollectionVersions }) {
  if (found.versions.length === 0) return <Empty title="No versions">All of its versions were deleted.</Empty>;
  return (
    <div class="artifacts-scroll">
      <table class="artifacts-table">
        <thead>
          <tr>
            <th>Version</th>
            <th>Aliases</th>
            <th>Sync</th>
            <th>Tags</th>
            <th class="artifacts-number">Size</th>
            <th class="artifacts-number">Files</th>
            <th>Created</th>
          </tr>
        </thead>
        <tbody>
          {found.versions.map((version) => (
            <VersionRow key={version.id} of={of} version={version} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function VersionRow({ of, version }: { of: Of; version: VersionView }) {
  const name = `v${version.version}`;
  return (
    <tr>
      <td class="artifacts-nowrap">
        <a href={versionHref(of, version.type, name)}>{name}</a> <NumberNote place={version} />
      </td>
      <td>
        <span class="artifacts-tags">
          {version.aliases.map((alias) => (
            <AliasBadge key={alias.alias} alias={alias} />
          ))}
        </span>
      </td>
      <td>
        <SyncOfVersion sync={version.sync} />
      </td>
      <td>
        <Tags tags={version.tags} />
      </td>
      <td class="artifacts-number">{bytes(version.size)}</td>
      <td class="artifacts-number">{version.file_count.toLocaleString("en-US")}</td>
      <td>
        <When us={version.created_us} by={version.by} />
      </td>
    </tr>
  );
}
