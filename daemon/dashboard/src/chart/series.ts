/** Series for a component: here at once where they are held, finer after a zoom, and live. */
import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer } from "preact/hooks";

import type { Along, ApiError, Changed, SeriesView } from "../api";
import { useChanges } from "../events";
import { follow, held, markHeld } from "./held";
import type { Zoom } from "./options";

/** What is to be shown. */
export interface SeriesOf {
  entity: string;
  project: string;
  runs: readonly string[];
  keys: readonly string[];
  x: Along;
  zoom?: Zoom | null;
  system?: boolean;
}

export interface HeldSeries {
  series: readonly SeriesView[];
  /** Nothing is here yet. */
  loading: boolean;
  error: ApiError | null;
  again: () => void;
}

/** Fewer for many runs: a panel has room for so many points. In steps, so that one more run asks for one run. */
export function buckets(runs: number): number {
  if (runs <= 10) return 500;
  if (runs <= 40) return 250;
  return runs <= 120 ? 120 : 80;
}

export function useSeries(of: SeriesOf): HeldSeries {
  const { entity, project, x, system = false } = of;
  const zoom = of.zoom ?? null;
  const [count, draw] = useReducer<number, void>((was) => was + 1, 0);
  const keys = of.keys.join("\n");
  const many = buckets(of.runs.length);
  const along = JSON.stringify(x);
  const asked = (from: number | null, to: number | null) =>
    held({ entity, project, keys: of.keys, x, from, to, buckets: many, system });
  const whole = useMemo(() => asked(null, null), [entity, project, keys, along, many, system]);
  const part = useMemo(
    () => (zoom ? asked(zoom[0], zoom[1]) : null),
    [entity, project, keys, along, many, system, zoom?.[0], zoom?.[1]],
  );
  const runs = of.runs.join("\n");
  useEffect(() => follow(entity, project), [entity, project]);
  useLayoutEffect(() => {
    const off = [whole, part].map((one) => one?.listen(() => draw()));
    // Of what is beneath a zoom only what is not held at all is asked.
    whole.show(of.runs);
    part?.show(of.runs);
    draw();
    return () => off.forEach((end) => end?.());
  }, [whole, part, runs]);
  const changes = useCallback((changed: Changed) => markHeld(entity, project, changed), [entity, project]);
  useChanges({ entity, project }, changes);
  const shown = part?.complete ? part : whole;
  const series = useMemo(() => shown.series(), [shown, runs, count]);
  const again = () => (whole.again(), part?.again());
  return { series, loading: !shown.complete && series.length === 0, error: (part ?? whole).error, again };
}
