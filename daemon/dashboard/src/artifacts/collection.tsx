/** A collection: its versions, newest first, and the moves of their names. */
import type { CollectionVersions, VersionView } from "../api";
import { to, type Route } from "../routes";
import { bytes, count } from "../ui/format";
import { Markdown } from "../ui/markdown";
import { Empty } from "../ui/state";
import { useTitle } from "../ui/title";
import { CollectionBody, useVersions } from "./collection-body";
import { versionHref, type Of } from "./names";
import { AliasBadge, NumberNote, SyncOfVersion, Tags, When } from "./parts";

export function CollectionPage({ route }: { route: Extract<Route, { page: "artifacts" }> & { kind: string; name: string } }) {
  const of: Of = { entity: route.entity, project: route.project, collection: route.name };
  useTitle(`${route.name} · ${route.project}`);
  const { loaded, older } = useVersions(of);
  const page = to.collection(route.entity, route.project, route.kind, route.name);
  return (
    <section class="page">
      <p class="artifacts-up">
        <a href={to.artifacts(route.entity, route.project)}>Artifacts</a> / {route.kind}
      </p>
      <h1>{route.name}</h1>
      <CollectionBody
        of={of}
        page={page}
        what="the versions"
        loaded={loaded}
        older={older}
        about={(found) => <About found={found} />}
        versions={(found) => <Versions of={of} found={found} />}
      />
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
