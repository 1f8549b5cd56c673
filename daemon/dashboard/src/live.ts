/** Looking again when something changed, at most once a second; and who may change things. */
import { useCallback, useEffect, useRef } from "preact/hooks";

import type { Changed } from "./api";
import { me } from "./app";
import { useChanges } from "./events";

const PAUSE_MS = 1000;

/** Calls `again` after changes that `which` wants; those that come together count once. */
export function useLive(of: { entity?: string; project?: string }, which: (changed: Changed) => boolean, again: () => void): void {
  const timer = useRef<number | undefined>(undefined);
  const wanted = useRef(which);
  wanted.current = which;
  const listen = useCallback(
    (changed: Changed) => {
      if (timer.current !== undefined || !wanted.current(changed)) return;
      timer.current = window.setTimeout(() => {
        timer.current = undefined;
        again();
      }, PAUSE_MS);
    },
    [again],
  );
  useEffect(() => () => clearTimeout(timer.current), []);
  // No more of it than this: streams are shared by their address.
  const { entity, project } = of;
  useChanges({ ...(entity && { entity }), ...(project && { project }) }, listen);
}

/** Whether the one who looks may change what an entity has. The server says it for good. */
export function mayWrite(entity: string): boolean {
  const who = me.value;
  return who !== null && (who.everything || who.writes.includes(entity));
}

/** A hub is where things are sent to: that they are nowhere else is nothing to say there. */
export function isHub(): boolean {
  return me.value?.hub ?? false;
}
