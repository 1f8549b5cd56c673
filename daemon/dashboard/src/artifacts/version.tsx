/** A version, wherever it is looked at: in its collection, or in a registry that it is linked to. */
import { useState } from "preact/hooks";

import { get, type ArtifactView } from "../api";
import { useData } from "../data";
import { bytes, count } from "../ui/format";
import { Empty, Shown } from "../ui/state";
import { Tabs } from "../ui/tabs";
import { useTitle } from "../ui/title";
import { DeleteVersion, Unlink } from "./delete";
import { Files } from "./files-tab";
import { History } from "./history";
import { Lineage } from "./lineage";
import { LinkDialog } from "./link";
import { mayWrite, useLive } from "../live";
import { useLearned } from "./learned";
import { Metadata } from "./metadata";
import { versionHref, versionRoute, type Of } from "./names";
import { Overview } from "./overview";
import { NumberNote, SyncOfVersion, When } from "./parts";
import { UseIt } from "./use";

const TABS = [
  ["overview", "Overview"],
  ["files", "Files"],
  ["metadata", "Metadata"],
  ["lineage", "Lineage"],
  ["history", "History"],
  ["use", "Use it"],
] as const;

export interface VersionAt {
  of: Of;
  /** Its number, an alias or a digest. */
  version: string;
  tab: string;
  /** The pages above it. */
  up: { title: string; href: string }[];
}

export function VersionPage({ of, version, tab, up }: VersionAt) {
  useTitle(`${of.collection}:${version} · ${of.project}`);
  const loaded = useData(
    (abort) => get<ArtifactView>(versionRoute(of, version), {}, abort),
    [of.entity, of.project, of.collection, version],
  );
  useLive(of, (changed) => changed.artifacts || changed.sync, loaded.again);
  useLearned(of, loaded.again);
  return (
    <section class="page">
      <nav class="artifacts-up" aria-label="Above this version">
        {up.map((one, nth) => (
          <span key={one.href}>
            {nth > 0 && " / "}
            <a href={one.href}>{one.title}</a>
          </span>
        ))}
      </nav>
      <Shown of={loaded} what="the version">
        {(found) => (
          <>
            <Head of={of} found={found} asked={version} again={loaded.again} />
            <Tabs
              label="Of this version"
              at={tab}
              tabs={TABS.map(([name, title]) => ({ name, title, href: versionHref(of, found.type, version, name) }))}
            />
            <Body of={of} found={found} version={version} tab={tab} again={loaded.again} />
          </>
        )}
      </Shown>
    </section>
  );
}

function Head({ of, found, asked, again }: { of: Of; found: ArtifactView; asked: string; again: () => void }) {
  const [open, setOpen] = useState<"link" | "delete" | "unlink" | null>(null);
  const number = `v${found.version}`;
  const close = () => setOpen(null);
  return (
    <header class="artifacts-head">
      <div>
        <h1>
          {of.collection}:{number} {asked !== number && <span class="dim">({asked})</span>} <NumberNote place={found} />
        </h1>
        <p class="dim">
          <span class="badge">{found.type}</span> {bytes(found.size)} in {count(found.file_count, "file")}, logged{" "}
          <When us={found.created_us} by={found.by} /> {found.fetched ? <span class="badge">from {found.fetched}</span> : <SyncOfVersion sync={found.sync} />}
        </p>
      </div>
      <div class="acts">
        <button class="main" onClick={() => setOpen("link")}>
          Link to registry
        </button>
        {mayWrite(of.entity) &&
          (found.link ? (
            <button onClick={() => setOpen("unlink")}>Take link away</button>
          ) : (
            <button onClick={() => setOpen("delete")}>Delete version</button>
          ))}
      </div>
      {open === "link" && <LinkDialog found={found} onClose={close} onDone={again} />}
      {open === "delete" && <DeleteVersion of={of} found={found} onClose={close} />}
      {open === "unlink" && <Unlink of={of} id={found.id} type={found.type} name={number} onClose={close} />}
    </header>
  );
}

function Body(props: { of: Of; found: ArtifactView; version: string; tab: string; again: () => void }) {
  const { of, found, version } = props;
  switch (props.tab) {
    case "overview":
      return <Overview of={of} found={found} again={props.again} />;
    case "files":
      return <Files of={of} found={found} />;
    case "metadata":
      return <Metadata value={found.metadata} />;
    case "lineage":
    case "graph":
      return <Lineage of={of} version={version} />;
    case "history":
      return <History of={of} type={found.type} only={found.id} />;
    case "use":
    case "usage":
      return <UseIt of={of} found={found} />;
    default:
      return <Empty title="There is no such tab">Choose one of those above.</Empty>;
  }
}
