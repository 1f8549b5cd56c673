/** How names were moved elsewhere, learned while somebody looks. */
import { useEffect } from "preact/hooks";

import { get } from "../api";
import { isHub } from "../live";
import { LATEST } from "./moves";
import { versionRoute, type Of } from "./names";

/**
 * Learns how a collection's names were moved elsewhere: a remote is asked for a
 * name that can move whenever that is asked for here, and never for a number.
 */
export function useLearned(of: Of, again: () => void): void {
  const hub = isHub();
  useEffect(() => {
    if (hub) return;
    const abort = new AbortController();
    get(versionRoute(of, LATEST), {}, abort.signal).then(again, () => {
      // It is no matter: what is known here is shown.
    });
    return () => abort.abort();
  }, [of.entity, of.project, of.collection, hub]);
}
