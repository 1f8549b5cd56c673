/** What the lists of versions do not say of each: asked one by one, a few at a time, once it is in sight. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { get, type ArtifactView } from "../api";
import { SyncBadge } from "../ui/badge";
import { InSight } from "../ui/in-sight";
import { isHub } from "./live";
import { syncOf, versionRoute, type Of } from "./names";

const AT_ONCE = 3;
let running = 0;
const waiting: (() => void)[] = [];

/** Does something when fewer than `AT_ONCE` others are under way. */
async function inTurn<T>(what: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((go) => waiting.push(go));
  running += 1;
  try {
    return await what();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/** The whole of a version, in a cell that is in sight. `stamp`: asked again when it is another. */
export function Detail(props: { of: Of; id: string; stamp: unknown; children: (found: ArtifactView) => ComponentChildren }) {
  return <InSight height={20}>{() => <Asked {...props} />}</InSight>;
}

function Asked({ of, id, stamp, children }: Parameters<typeof Detail>[0]) {
  const [found, setFound] = useState<ArtifactView>();
  const [failed, setFailed] = useState("");
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    inTurn(async () => (signal.aborted ? undefined : get<ArtifactView>(versionRoute(of, id), {}, signal))).then(
      (view) => !signal.aborted && setFound(view),
      (error: Error) => !signal.aborted && setFailed(error.message),
    );
    return () => abort.abort();
  }, [of.entity, of.project, of.collection, id, stamp]);
  if (found) return <>{children(found)}</>;
  return <span class="dim" title={failed}>{failed ? "?" : "…"}</span>;
}

/** How far a version is, in a word; nothing where that says nothing. */
export function SyncOfVersion({ found }: { found: ArtifactView }) {
  if (found.fetched) return <span class="badge" title={`It was fetched from ${found.fetched}.`}>from {found.fetched}</span>;
  if (isHub() && Object.keys(found.remotes).length === 0) return null;
  return <SyncBadge sync={syncOf(found.remotes)} />;
}
