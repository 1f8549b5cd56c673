/** The small parts that the pages of versions and collections share. */
import type { AliasView, Place, RunPath, Sync } from "../api";
import { to } from "../routes";
import { SyncBadge } from "../ui/badge";
import { CopyButton } from "../ui/copy";
import { ago, time } from "../ui/format";
import { isHub } from "../live";
import "./artifacts.css";

/** How long ago, with the time behind it, and by whom. */
export function When({ us, by }: { us: number; by?: string | null }) {
  return (
    <span class="artifacts-when">
      <time dateTime={new Date(us / 1000).toISOString()} title={time(us)}>
        {ago(us)}
      </time>
      {by && <> by {by}</>}
    </span>
  );
}

/** What there is to know of a version's number. */
export function NumberNote({ place }: { place: Pick<Place, "provisional" | "was"> }) {
  return (
    <>
      {place.provisional && (
        <span class="badge sync-queued" title="The remote that gets it first decides, and may give it another number.">
          provisional
        </span>
      )}
      {place.was !== null && (
        <span class="dim" title="A remote gave it another number than it first had here.">
          was v{place.was}
        </span>
      )}
    </>
  );
}

const CONFLICT = "Moved elsewhere by somebody who did not know of this move. Move it again to settle it.";

export function AliasBadge({ alias }: { alias: AliasView }) {
  const moved = `moved here ${time(alias.time_us)}${alias.by ? ` by ${alias.by}` : ""}`;
  return (
    <span class={alias.conflict ? "artifacts-alias artifacts-conflict" : "artifacts-alias"} title={alias.conflict ? `${moved}\n${CONFLICT}` : moved}>
      {alias.alias}
      {alias.conflict && " – in conflict"}
    </span>
  );
}

/** How far a version is, in a word; nothing where that says nothing. */
export function SyncOfVersion({ sync }: { sync: Sync }) {
  if (Object.keys(sync.remotes).length === 0) {
    if (isHub()) return null;
    if (sync.state === "sent") return <span class="badge sync-sent" title="It was fetched from a remote.">at remote</span>;
  }
  return <SyncBadge sync={sync} />;
}

export function Tags({ tags }: { tags: string[] }) {
  if (tags.length === 0) return null;
  return (
    <span class="artifacts-tags">
      {tags.map((tag) => (
        <span key={tag} class="artifacts-tag">
          {tag}
        </span>
      ))}
    </span>
  );
}

export function RunLink({ run }: { run: RunPath }) {
  return (
    <a href={to.run(run.entity, run.project, run.run)}>
      {run.project}/{run.run}
    </a>
  );
}

/** Text that is to be used elsewhere, with a button that copies it. */
export function Copyable({ text, label, block }: { text: string; label: string; block?: boolean }) {
  const button = <CopyButton text={text} label={label} />;
  if (!block) {
    return (
      <span class="artifacts-copy">
        <code>{text}</code> {button}
      </span>
    );
  }
  return (
    <div class="artifacts-code">
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
      {button}
    </div>
  );
}
