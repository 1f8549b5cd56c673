/** What is known of a version, at one look. */
import type { ComponentChildren } from "preact";

import type { ArtifactView, Place, RunAtRemote } from "../api";
import { retry } from "../run/sync";
import { syncDetails } from "../ui/badge";
import { ago, bytes, count, duration } from "../ui/format";
import { Markdown } from "../ui/markdown";
import { Words } from "../ui/words";
import { AliasEditor } from "./aliases";
import { isHub } from "../live";
import { fullName, samePlace, versionHref, type Of } from "./names";
import { AliasBadge, Copyable, RunLink, Tags, When } from "./parts";

export function Overview({ of, found, again }: { of: Of; found: ArtifactView; again: () => void }) {
  const others = found.places.filter((place) => !samePlace(place, of));
  return (
    <div class="artifacts-columns">
      <div>
        <AliasEditor of={of} id={found.id} aliases={found.aliases} again={again} />
        <Facts found={found} />
      </div>
      <div>
        <SyncState found={found} again={again} />
        <Part title="Logged by">
          {found.logged_by.length === 0 && <p class="dim">No run that is known here.</p>}
          {found.logged_by.map((run) => (
            <p key={run.project + run.run}>
              <RunLink run={run} />
            </p>
          ))}
        </Part>
        <Part title="Used by">
          {found.used_by.length === 0 && <p class="dim">No run has used it yet.</p>}
          {found.used_by.map((run) => (
            <p key={run.project + run.run}>
              <RunLink run={run} />
            </p>
          ))}
        </Part>
        <Part title={found.link ? "Also at" : "Linked to"}>
          {others.length === 0 && <p class="dim">Nowhere else.</p>}
          {others.map((place) => (
            <OtherPlace key={fullName(place, "")} place={place} type={found.type} />
          ))}
        </Part>
      </div>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="artifacts-part" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function OtherPlace({ place, type }: { place: Place; type: string }) {
  const version = `v${place.version}`;
  return (
    <p>
      <a href={versionHref(place, type, version)}>{fullName(place, version)}</a>{" "}
      <span class="artifacts-tags">
        {place.aliases.map((alias) => (
          <AliasBadge key={alias.alias} alias={alias} />
        ))}
      </span>{" "}
      <span class="dim">
        {place.link ? "linked" : "logged"} <When us={place.since_us} by={place.by} />
      </span>
    </p>
  );
}

function Facts({ found }: { found: ArtifactView }) {
  const facts: [string, ComponentChildren][] = [
    ["Description", found.description ? <Markdown text={found.description} /> : <span class="dim">None</span>],
    ["Tags", found.tags.length > 0 ? <Tags tags={found.tags} /> : null],
    ["Digest", <Copyable text={found.digest} label="the digest" />],
    ["Size", `${bytes(found.size)} in ${count(found.file_count, "file")}`],
    ["Stored here", found.missing_bytes === 0 ? "all of it" : <Missing found={found} />],
    ["Logged", <When us={found.created_us} by={found.by} />],
    ["Edited", found.updated_us === null ? null : <When us={found.updated_us} />],
    ["Kept", found.ttl_s ? `${duration(found.ttl_s)} from when it was logged, unless it has aliases or links` : null],
    ["Id", <Copyable text={found.id} label="the id" />],
  ];
  return (
    <Part title="About">
      <dl class="artifacts-facts">
        {facts.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
    </Part>
  );
}

function Missing({ found }: { found: ArtifactView }) {
  const name = fullName(found, `v${found.version}`);
  return (
    <>
      not all: {bytes(found.missing_bytes)} are elsewhere. A file is fetched when it is opened; all of them by{" "}
      <Copyable text={`pannier artifact pull ${name}`} label="the command" />
    </>
  );
}

function SyncState({ found, again }: { found: ArtifactView; again: () => void }) {
  const remotes = Object.entries(found.sync.remotes);
  if (isHub() && remotes.length === 0) return null;
  return (
    <Part title="Sync">
      {found.fetched && <p>It was logged elsewhere, and fetched from {found.fetched}.</p>}
      {remotes.length === 0 && !found.fetched && <p class="dim">It is on this machine only: no remote is set up.</p>}
      {remotes.map(([name, at]) => (
        <AtRemote key={name} name={name} at={at} again={again} />
      ))}
    </Part>
  );
}

function AtRemote({ name, at, again }: { name: string; at: RunAtRemote; again: () => void }) {
  const why = at.parked ?? at.last_error;
  return (
    <div class="artifacts-remote">
      <span class={`badge sync-${at.state}`} title={syncDetails({ state: at.state, remotes: { [name]: at } })}>
        {name}: {SAID[at.state]}
      </span>
      {at.records_queued > 0 && (
        <span>
          {count(at.records_queued, "record")} of the run that logged it, {bytes(at.bytes_queued)}
          {at.oldest_unsent_us !== null && `, the oldest ${ago(at.oldest_unsent_us)}`}
        </span>
      )}
      {why && <span class="artifacts-why"><Words text={why} /></span>}
      {at.state !== "sent" && <button aria-label={`Retry ${name} now`} onClick={() => void retry(name, again)}>Retry now</button>}
    </div>
  );
}

const SAID = { here: "here only", queued: "queued", sent: "has all of it", failed: "failed" };
