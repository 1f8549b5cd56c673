/** A collection of a registry: its versions and their names, which are moved from here. */
import { useState } from "preact/hooks";

import type { CollectionVersions, VersionView } from "../api";
import { useProtected } from "../artifacts/aliases";
import { CollectionBody, useVersions } from "../artifacts/collection-body";
import { Unlink } from "../artifacts/delete";
import { mayWrite } from "../live";
import { LATEST } from "../artifacts/moves";
import { versionHref, type Of } from "../artifacts/names";
import { NumberNote, SyncOfVersion, Tags, When } from "../artifacts/parts";
import { to } from "../routes";
import { count } from "../ui/format";
import { Markdown } from "../ui/markdown";
import { Empty } from "../ui/state";
import { useTitle } from "../ui/title";
import { MoveAlias } from "./move";
import { Source } from "./source";

export function RegistryCollection({ of, registry }: { of: Of; registry: string }) {
  useTitle(`${of.collection} · ${registry}`);
  const { loaded, older } = useVersions(of);
  const protect = useProtected(of);
  const page = to.registryCollection(of.entity, registry, of.collection);
  return (
    <section class="page">
      <nav class="artifacts-up" aria-label="Above this collection">
        <a href={to.registries()}>Registries</a> / <a href={to.registry(of.entity, registry)}>{registry}</a>
      </nav>
      <h1>{of.collection}</h1>
      <CollectionBody
        of={of}
        page={page}
        what="the collection"
        loaded={loaded}
        older={older}
        about={(found) => <About found={found} />}
        versions={(found) => <Versions of={of} found={found} protect={protect} again={loaded.again} />}
      />
    </section>
  );
}

function About({ found: { collection } }: { found: CollectionVersions }) {
  return (
    <div class="artifacts-about">
      <p>
        <span class="badge">{collection.type}</span> {count(collection.version_count, "version")}, made{" "}
        <When us={collection.created_us} by={collection.by} />
      </p>
      <Tags tags={collection.tags} />
      {collection.description && <Markdown text={collection.description} />}
    </div>
  );
}

interface Shows {
  of: Of;
  protect: string[];
  again: () => void;
}

/** What is being done: an alias moved, one of the two being still to be chosen (`""`), or a link taken away. */
type Doing = { move: string; to: string } | { unlink: VersionView } | null;

function Versions({ found, ...shows }: Shows & { found: CollectionVersions }) {
  const { of, protect, again } = shows;
  const [doing, setDoing] = useState<Doing>(null);
  if (found.versions.length === 0) return <Empty title="No versions">Link one from its page, by “Link to registry”.</Empty>;
  const close = () => setDoing(null);
  return (
    <>
      <div class="artifacts-scroll">
        <table class="artifacts-table">
          <thead>
            <tr>
              <th>Version</th>
              <th>Aliases</th>
              <th>Source</th>
              <th>Linked</th>
              <th>Sync</th>
              <th>
                <span class="registry-unseen">What can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {found.versions.map((version) => (
              <Row key={version.id} {...shows} version={version} act={setDoing} />
            ))}
          </tbody>
        </table>
      </div>
      {doing && "move" in doing && (
        <MoveAlias of={of} versions={found.versions} alias={doing.move} to={doing.to} protect={protect} onClose={close} onDone={again} />
      )}
      {doing && "unlink" in doing && (
        <Unlink of={of} id={doing.unlink.id} type={doing.unlink.type} name={`v${doing.unlink.version}`} onClose={close} onDone={again} />
      )}
    </>
  );
}

function Row({ of, protect, version, act }: Shows & { version: VersionView; act: (doing: Doing) => void }) {
  const name = `v${version.version}`;
  const may = mayWrite(of.entity);
  return (
    <tr>
      <td class="artifacts-nowrap">
        <a href={versionHref(of, version.type, name)}>{name}</a> <NumberNote place={version} />
      </td>
      <td>
        <ul class="artifacts-aliases">
          {version.aliases.map((alias) => (
            <li key={alias.alias}>
              <span class={alias.conflict ? "artifacts-alias artifacts-conflict" : "artifacts-alias"}>
                {alias.alias}
                {alias.conflict && " – in conflict"}
              </span>
              {protect.includes(alias.alias) && (
                <span class="badge" title="Only administrators of the registry move it.">
                  protected
                </span>
              )}
              <span class="dim">
                <When us={alias.time_us} by={alias.by} />
              </span>
              {may && alias.alias !== LATEST && (
                <button class="quiet" aria-label={`Move ${alias.alias}`} onClick={() => act({ move: alias.alias, to: "" })}>
                  Move
                </button>
              )}
            </li>
          ))}
        </ul>
        {may && (
          <button class="quiet" aria-label={`Give ${name} an alias`} onClick={() => act({ move: "", to: version.id })}>
            Give it an alias
          </button>
        )}
      </td>
      <td>
        <Source of={of} version={name} />
      </td>
      <td>
        <When us={version.since_us} by={version.by} />
      </td>
      <td>
        <SyncOfVersion sync={version.sync} />
      </td>
      <td>
        {may && (
          <button class="quiet" aria-label={`Take the link ${name} away`} onClick={() => act({ unlink: version })}>
            Take link away
          </button>
        )}
      </td>
    </tr>
  );
}
