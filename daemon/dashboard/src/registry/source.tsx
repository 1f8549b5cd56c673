/** Where a linked version was logged: asked one by one, a few at a time, once it is in sight. */
import { useEffect, useState } from "preact/hooks";

import { get, type ArtifactView } from "../api";
import { fullName, sourceOf, versionHref, versionRoute, type Of } from "../artifacts/names";
import { InSight } from "../ui/in-sight";

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

export function Source(props: { of: Of; version: string }) {
  return <InSight height={20}>{() => <Asked {...props} />}</InSight>;
}

function Asked({ of, version }: { of: Of; version: string }) {
  const [found, setFound] = useState<ArtifactView>();
  const [failed, setFailed] = useState("");
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    inTurn(async () => (signal.aborted ? undefined : get<ArtifactView>(versionRoute(of, version), {}, signal))).then(
      (view) => !signal.aborted && setFound(view),
      (error: Error) => !signal.aborted && setFailed(error.message),
    );
    return () => abort.abort();
  }, [of.entity, of.project, of.collection, version]);
  if (!found) return <span class="dim" title={failed}>{failed ? "?" : "…"}</span>;
  const source = sourceOf(found.places);
  if (!source) return <span class="dim">not to be seen from here</span>;
  const at = `v${source.version}`;
  return <a href={versionHref(source, found.type, at)}>{fullName(source, at)}</a>;
}
