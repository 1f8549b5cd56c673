/** W&B's line plot: its runs may be of several projects. */
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";

import type { SeriesView } from "../api";
import { choices, runColor } from "../chart/colors";
import { LineChart } from "../chart/lines";
import type { LineOptions, Zoom } from "../chart/options";
import { useSeries, type HeldSeries } from "../chart/series";
import { count } from "../ui/format";
import { InSight } from "../ui/in-sight";
import type { PanelContext } from "./context";
import { groupLabels, groupSeries, leftOut, limited, lineColor, lineOptions, lineStroke, lineTitle, metricsOf, titleOf } from "./line-options";
import { LinePlace } from "./line-place";
import type { ShownRun } from "./runset";
import { text, type Fields } from "./spec";
import { useKeys } from "./use-runs";

type Props = { config: Fields; context: PanelContext; height: number };

/** A line plot, asked for while it is in sight. */
export function LinePanel(props: Props) {
  return (
    <InSight height={props.height} class="panels-sight">
      {() => <InView {...props} />}
    </InSight>
  );
}

function InView({ config, context, height }: Props) {
  const [zoom, setZoom] = useState<Zoom | null>(null);
  const keys = useKeys(context.entity, context.project, text(config["metricRegex"]) !== undefined);
  const metrics = metricsOf(config, keys?.metrics.map((one) => one.key) ?? []);
  const { runs, left } = limited(context.runs, config);
  const options = lineOptions(config);
  const sources = useMemo(() => byProject(runs), [runs.map(qualified).join("\n")]);
  const [held, setHeld] = useState<Record<string, HeldSeries>>({});
  const hold = useCallback((id: string, series: HeldSeries) => setHeld((was) => ({ ...was, [id]: series })), []);
  const { lines, name, color, stroke } = useLines(config, runs, metrics, sources.flatMap((one) => held[one.id]?.series ?? []));
  const waiting = sources.some((one) => !held[one.id] || held[one.id]!.loading);
  const failed = sources.map((one) => held[one.id]?.error).find((error) => error);
  const notes = [...(left > 0 ? [`${count(left, "more run")} left out`] : []), ...leftOut(config)];
  return (
    <>
      {sources.map((one) => (
        <Source key={one.id} {...one} metrics={metrics} options={options} zoom={zoom} onSeries={hold} />
      ))}
      <LinePlace config={config} lines={lines.map((one) => ({ name: name(one.run, one.key), color: color(one.run, one.key) }))}>
        {(around) => (
          <LineChart
            title={titleOf(config, metrics)}
            series={lines}
            name={name}
            color={color}
            stroke={stroke}
            options={options}
            zoom={zoom}
            onZoom={setZoom}
            height={Math.max(80, height - around - 38)}
            note={notes.length > 0 && <span class="chart-note">{notes.join("; ")}</span>}
            empty={emptyWords(metrics, runs, waiting, failed?.message)}
          />
        )}
      </LinePlace>
    </>
  );
}

function emptyWords(metrics: string[], runs: ShownRun[], waiting: boolean, failed: string | undefined): string {
  if (metrics.length === 0) return "This plot names no metric";
  if (runs.length === 0) return "No run is shown";
  return failed ?? (waiting ? "Loading…" : `No run has logged ${metrics.join(", ")}`);
}

interface SourceOf {
  id: string;
  entity: string;
  project: string;
  runs: string[];
}

function byProject(runs: ShownRun[]): SourceOf[] {
  const found = new Map<string, SourceOf>();
  for (const { run } of runs) {
    const id = JSON.stringify([run.entity, run.project]);
    const known = found.get(id) ?? { id, entity: run.entity, project: run.project, runs: [] };
    if (!known.runs.includes(run.run)) known.runs.push(run.run);
    found.set(id, known);
  }
  return [...found.values()];
}

const qualified = ({ run }: ShownRun) => `${run.entity}/${run.project}/${run.run}`;

type AskingProps = SourceOf & {
  metrics: string[];
  options: LineOptions;
  zoom: Zoom | null;
  onSeries: (id: string, series: HeldSeries) => void;
};

/** Asks for the series of one project. */
function Source({ id, entity, project, runs, metrics, options, zoom, onSeries }: AskingProps) {
  const { x, xMin, xMax } = options;
  const set: Zoom | null = xMin != null && xMax != null && xMin < xMax ? [xMin, xMax] : null;
  const held = useSeries({ entity, project, runs, keys: metrics, x, zoom: zoom ?? set });
  useEffect(() => onSeries(id, held), [id, held.series, held.loading, held.error]);
  return null;
}

/** Lines with their names and colours: functions that stay the same while what they say does. */
function useLines(config: Fields, runs: ShownRun[], metrics: string[], series: readonly SeriesView[]) {
  const saidConfig = JSON.stringify(config);
  const saidRuns = JSON.stringify(runs.map((one) => [one.run.run, one.name, one.color, one.group]));
  const chosen = choices();
  const look = useMemo(() => lineLook(config, runs, metrics), [saidConfig, saidRuns, metrics.join("\n"), chosen]);
  const saidSeries = JSON.stringify(series.map((one) => [one.run, one.key, one.points, one.x.length, one.x[0], one.x.at(-1)]));
  const lines = useMemo(() => look.of(series), [look, saidSeries]);
  return { lines, ...look };
}

/** How the lines of a plot are made, named and coloured. */
export function lineLook(config: Fields, runs: ShownRun[], metrics: string[]) {
  const labels = groupLabels(config, runs);
  const shown = new Map(runs.map((one) => [labels?.get(one.run.run) ?? one.run.run, one]));
  const several = metrics.length > 1;
  const name = (run: string, key: string) => {
    const known = shown.get(run);
    const said = labels ? run : (known?.run.name ?? run);
    return lineTitle(config, run, key, several ? `${said} ${key}` : said);
  };
  const color = (run: string, key: string) => {
    const own = lineColor(config, run, key);
    if (own) return own;
    const given = several ? undefined : shown.get(run)?.color;
    return given ?? runColor(several ? `${run} ${key}` : run);
  };
  const of = (series: readonly SeriesView[]) => (labels ? groupSeries(series, labels, config) : series);
  const stroke = (run: string, key: string) => lineStroke(config, run, key);
  return { of, name, color, stroke };
}
