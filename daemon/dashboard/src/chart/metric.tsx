/** A line chart of metrics of runs: asks for what is in sight, live, and finer after a zoom. */
import type { ComponentChildren } from "preact";
import { useCallback, useMemo, useState } from "preact/hooks";

import { InSight } from "../ui/in-sight";
import { choices, runColor } from "./colors";
import { grouped } from "./group";
import { LineChart } from "./lines";
import { PLAIN, type LineOptions, type Zoom } from "./options";
import type { Named } from "./prepare";
import { useSeries } from "./series";

export interface MetricPanelProps {
  entity: string;
  project: string;
  /** Run ids, in the order in which lines are drawn: the first beneath. */
  runs: readonly string[];
  keys: readonly string[];
  /** The keys, where nothing is said. */
  title?: string;
  options?: Partial<LineOptions>;
  /** The id of the run, and the key where there are several, where nothing is said. */
  name?: Named;
  /** The run's own colour, or with several keys one for each line, where nothing is said. */
  color?: Named;
  /** The label of a run's group: lines become means with bands. */
  group?: ((run: string) => string | null) | null;
  /** Metrics of the machine. */
  system?: boolean;
  /** A zoom that somebody else keeps. */
  zoom?: Zoom | null;
  onZoom?: (zoom: Zoom | null) => void;
  height?: number;
  legend?: boolean;
  actions?: ComponentChildren;
  note?: ComponentChildren;
}

/** Of the head and the frame around a plot. */
const AROUND = 48;

export function MetricPanel(props: MetricPanelProps) {
  const [zoom, setZoom] = useState<Zoom | null>(null);
  const height = props.height ?? 200;
  const kept = props.onZoom ? { zoom: props.zoom ?? null, onZoom: props.onZoom } : { zoom, onZoom: setZoom };
  return (
    <InSight height={height + AROUND} class="chart-place">
      {() => <Asking {...props} {...kept} height={height} />}
    </InSight>
  );
}

function Asking(props: MetricPanelProps & { zoom: Zoom | null; onZoom: (zoom: Zoom | null) => void }) {
  const { entity, project, runs, keys, zoom, group, system = false } = props;
  const options = props.options ?? {};
  const x = options.x ?? PLAIN.x;
  const asked = useSeries({ entity, project, runs, keys, x, zoom: zoom ?? setRange(options), system });
  const series = useMemo(() => (group ? grouped(asked.series, group) : asked.series), [asked.series, group]);
  const several = keys.length > 1;
  const named = useCallback((run: string, key: string) => (several ? `${run} ${key}` : run), [several]);
  const colored = useCallback((run: string, key: string) => runColor(several ? `${run} ${key}` : run), [several, choices()]);
  const { loading, error, again } = asked;
  return (
    <LineChart
      title={props.title ?? keys.join(", ")}
      series={series}
      name={props.name ?? named}
      color={props.color ?? colored}
      options={options}
      zoom={zoom}
      onZoom={props.onZoom}
      {...(props.height && { height: props.height })}
      {...(props.legend && { legend: true })}
      actions={props.actions}
      note={props.note}
      empty={error ? <Failed said={error.message} again={again} /> : loading ? "Loading…" : undefined}
    />
  );
}

/** Set ends of x are a zoom that stays: points beyond them need not be asked for. */
function setRange({ xMin, xMax }: Partial<LineOptions>): Zoom | null {
  return xMin != null && xMax != null && xMin < xMax ? [xMin, xMax] : null;
}

function Failed({ said, again }: { said: string; again: () => void }) {
  return (
    <span role="alert">
      {said} <button onClick={again}>Try again</button>
    </span>
  );
}
