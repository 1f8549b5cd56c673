/** A figure of plotly, as far as lines, points and bars go; the rest is named and can be downloaded. */
import { useMemo } from "preact/hooks";

import { number } from "../ui/format";
import { Shown } from "../ui/state";
import { Download, useJson } from "./media";
import { extent, leftOut, readFigure, ticks, type Figure, type Trace } from "./plotly-data";
import type { Source } from "./source";

const [WIDTH, HEIGHT] = [440, 230];
const AROUND = { left: 52, right: 12, top: 10, bottom: 42 };
/** As plotly draws what says no colour. */
const COLOURS = ["#1f77b4", "#d95f02", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#a3a300", "#17a2b8"];

export function PlotlyFigure({ path, source }: { path: string; source: Source }) {
  const file = useJson(source.file(path));
  const figure = useMemo(() => readFigure(file.data), [file.data]);
  return (
    <Shown of={file} what="the figure">
      {() => (
        <div class="run-plotly">
          {figure && figure.traces.length > 0 ? <Drawing figure={figure} /> : <p class="dim">This figure cannot be drawn here.</p>}
          <p class="dim">
            {leftOut(figure?.left ?? [])} <Download name={path} source={source} label="Download the figure" />
          </p>
        </div>
      )}
    </Shown>
  );
}

interface Scale {
  x: (value: number) => number;
  y: (value: number) => number;
  xs: [number, number];
  ys: [number, number];
}

function scaleOf({ traces, categories }: Figure): Scale {
  const bars = traces.some((trace) => trace.kind === "bar");
  const xs = categories ? ([-0.5, categories.length - 0.5] as [number, number]) : extent(traces.flatMap((trace) => trace.x));
  const found = extent(traces.flatMap((trace) => trace.y), bars ? [0] : []);
  const room = (found[1] - found[0]) * 0.05;
  const ys: [number, number] = [bars && found[0] === 0 ? 0 : found[0] - room, found[1] + room];
  if (bars && !categories) {
    const half = gapOf(traces) / 2;
    xs[0] -= half;
    xs[1] += half;
  }
  const [w, h] = [WIDTH - AROUND.left - AROUND.right, HEIGHT - AROUND.top - AROUND.bottom];
  return {
    xs,
    ys,
    x: (value) => AROUND.left + ((value - xs[0]) / (xs[1] - xs[0])) * w,
    y: (value) => AROUND.top + h - ((value - ys[0]) / (ys[1] - ys[0])) * h,
  };
}

/** The least distance between bars. */
function gapOf(traces: readonly Trace[]): number {
  const places = [...new Set(traces.filter((trace) => trace.kind === "bar").flatMap((trace) => trace.x))].sort((a, b) => a - b);
  return places.reduce((least, x, at) => (at > 0 ? Math.min(least, x - places[at - 1]!) : least), places.length > 1 ? Infinity : 1);
}

function Drawing({ figure }: { figure: Figure }) {
  const scale = useMemo(() => scaleOf(figure), [figure]);
  const colours = figure.traces.map((trace, at) => trace.colour ?? COLOURS[at % COLOURS.length]!);
  const bars = figure.traces.filter((trace) => trace.kind === "bar");
  return (
    <figure>
      {figure.title && <figcaption>{figure.title}</figcaption>}
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={figure.title || `Figure with ${figure.traces.length} traces`}>
        <Axes figure={figure} scale={scale} />
        {figure.traces.map((trace, at) =>
          trace.kind === "bar" ? (
            <BarsOf key={at} trace={trace} scale={scale} colour={colours[at]!} lane={bars.indexOf(trace)} lanes={bars.length} gap={figure.categories ? 1 : gapOf(bars)} names={figure.categories} />
          ) : (
            <LineOf key={at} trace={trace} scale={scale} colour={colours[at]!} names={figure.categories} />
          ),
        )}
      </svg>
      {figure.traces.length > 1 && (
        <ul class="run-legend">
          {figure.traces.map((trace, at) => (
            <li key={at}>
              <i style={{ background: colours[at] }} /> {trace.name}
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}

function Axes({ figure, scale }: { figure: Figure; scale: Scale }) {
  const { categories, dates } = figure;
  const [bottom, right] = [HEIGHT - AROUND.bottom, WIDTH - AROUND.right];
  const every = categories ? Math.ceil(categories.length / 10) : 1;
  const xs = categories ? categories.flatMap((name, at) => (at % every === 0 ? [{ at, name: name.slice(0, 14) }] : [])) : ticks(...scale.xs, 6).map((at) => ({ at, name: dates ? new Date(at).toLocaleDateString() : number(at) }));
  return (
    <g class="run-axes">
      {ticks(...scale.ys).map((at) => (
        <g key={at}>
          <line x1={AROUND.left} x2={right} y1={scale.y(at)} y2={scale.y(at)} />
          <text x={AROUND.left - 6} y={scale.y(at) + 4} text-anchor="end">{number(at)}</text>
        </g>
      ))}
      {xs.map(({ at, name }) => (
        <text key={at} x={scale.x(at)} y={bottom + 16} text-anchor="middle">{name}</text>
      ))}
      {figure.xTitle && <text x={(AROUND.left + right) / 2} y={HEIGHT - 6} text-anchor="middle">{figure.xTitle}</text>}
      {figure.yTitle && <text transform={`translate(12 ${bottom / 2}) rotate(-90)`} text-anchor="middle">{figure.yTitle}</text>}
    </g>
  );
}

interface TraceProps {
  trace: Trace;
  scale: Scale;
  colour: string;
  names: string[] | null;
}

function LineOf({ trace, scale, colour, names }: TraceProps) {
  const points = trace.x.map((x, at) => [scale.x(x), scale.y(trace.y[at]!), at] as const);
  let pen = false;
  const d = points.map(([x, y]) => {
    // A gap where there is no number.
    const shown = Number.isFinite(x) && Number.isFinite(y);
    const move = pen ? "L" : "M";
    pen = shown;
    return shown ? `${move}${x.toFixed(1)} ${y.toFixed(1)}` : "";
  });
  return (
    <g>
      {trace.kind !== "points" && <path d={d.join("")} fill="none" stroke={colour} stroke-width="1.6" />}
      {trace.kind !== "line" &&
        points.slice(0, 5000).map(([x, y, at]) =>
          Number.isFinite(x) && Number.isFinite(y) ? (
            <circle key={at} cx={x} cy={y} r="3" fill={colour}>
              <title>{`${trace.name}: ${names?.[trace.x[at]!] ?? number(trace.x[at])}, ${number(trace.y[at])}`}</title>
            </circle>
          ) : null,
        )}
    </g>
  );
}

function BarsOf({ trace, scale, colour, names, lane, lanes, gap }: TraceProps & { lane: number; lanes: number; gap: number }) {
  const width = ((scale.x(gap) - scale.x(0)) * 0.8) / lanes;
  return (
    <g fill={colour}>
      {trace.x.slice(0, 5000).map((x, at) => {
        const y = trace.y[at]!;
        if (!Number.isFinite(y) || !Number.isFinite(x)) return null;
        const [top, foot] = [scale.y(Math.max(0, y)), scale.y(Math.max(scale.ys[0], Math.min(0, y)))];
        return (
          <rect key={at} x={scale.x(x) - (width * lanes) / 2 + width * lane} y={top} width={Math.max(0.5, width)} height={Math.max(0.5, foot - top)}>
            <title>{`${trace.name}: ${names?.[x] ?? number(x)}, ${number(y)}`}</title>
          </rect>
        );
      })}
    </g>
  );
}
