/** The line chart that every page uses: a head with its title and what can be done with it, and a plot. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import type { SeriesView } from "../api";
import { Dialog } from "../ui/dialog";
import { count } from "../ui/format";
import { Menu } from "../ui/menu";
import { save } from "../ui/save";
import { themeSeen } from "../ui/theme";
import { savePng, toCsv, toSvg } from "./export";
import { PLAIN, xTitle, type LineOptions, type Zoom } from "./options";
import { Plot } from "./plot";
import { prepare, type Line, type Named, type Stroke } from "./prepare";
import "./chart.css";

export interface LineChartProps {
  title: string;
  series: readonly SeriesView[];
  /** What a line is called. */
  name: Named;
  /** A line's colour, as CSS says it. */
  color: Named;
  /** A line's width and dashes, where they are not the usual. */
  stroke?: ((run: string, key: string) => Stroke) | undefined;
  options?: Partial<LineOptions>;
  zoom?: Zoom | null;
  /** Somebody dragged over a part of x; `null`: somebody double-clicked. */
  onZoom?: (zoom: Zoom | null) => void;
  /** Of the plot without its head, in pixels. */
  height?: number;
  /** The lines' names beneath; at most eight. */
  legend?: boolean;
  /** Further buttons of the head. */
  actions?: ComponentChildren;
  /** Said instead of a plot without lines. */
  empty?: ComponentChildren;
  /** A word beside the title. */
  note?: ComponentChildren;
}

/** A line chart. Its zoom is its own where nobody else keeps it. */
export function LineChart(props: LineChartProps) {
  const [full, setFull] = useState(false);
  const [own, setOwn] = useState<Zoom | null>(null);
  const zoom = props.onZoom ? (props.zoom ?? null) : own;
  const onZoom = props.onZoom ?? setOwn;
  const head = (
    <ChartHead {...props} zoom={zoom} onZoom={onZoom} {...(!full && { onFull: () => setFull(true) })} />
  );
  return (
    <figure class="chart" data-testid={`chart-${props.title}`}>
      {head}
      <ChartBody {...props} zoom={zoom} onZoom={onZoom} height={props.height ?? 200} />
      {full && (
        <Dialog title={props.title} wide onClose={() => setFull(false)}>
          <div class="chart-full">
            <ChartBody {...props} zoom={zoom} onZoom={onZoom} height={Math.round(innerHeight * 0.66)} legend />
          </div>
        </Dialog>
      )}
    </figure>
  );
}

type Zoomed = LineChartProps & { zoom: Zoom | null; onZoom: (zoom: Zoom | null) => void };

/** The options with what they leave out, the same object while nothing changes. */
function useWhole(options: Partial<LineOptions> | undefined): LineOptions {
  const text = JSON.stringify(options ?? {});
  return useMemo(() => ({ ...PLAIN, ...(JSON.parse(text) as Partial<LineOptions>) }), [text]);
}

function useLines(props: LineChartProps, options: LineOptions): Line[] {
  const { series, name, color, stroke } = props;
  const { kind, amount } = options.smoothing;
  return useMemo(
    () => prepare(series, { name, color, stroke, smoothing: options.smoothing, original: options.original }),
    [series, name, color, stroke, kind, amount, options.original],
  );
}

function ChartBody(props: Zoomed & { height: number }) {
  const options = useWhole(props.options);
  const lines = useLines(props, options);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const onZoom = useRef(props.onZoom);
  onZoom.current = props.onZoom;
  const nothing = lines.length === 0;
  useLayoutEffect(() => {
    if (nothing) return;
    plot.current = new Plot(box.current!, (zoom) => onZoom.current(zoom));
    return () => plot.current?.destroy();
  }, [nothing]);
  const theme = themeSeen.value;
  const { zoom } = props;
  useEffect(() => {
    if (!nothing) plot.current?.set({ lines, options, zoom });
  }, [lines, options, zoom?.[0], zoom?.[1], theme, nothing]);
  const key = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) {
      event.preventDefault();
      plot.current?.step(event.shiftKey ? by * 10 : by);
    } else if (event.key === "Home") props.onZoom(null);
  };
  const said = `${props.title}: ${count(lines.length, "line")} along ${xTitle(options.x)}`;
  return (
    <>
      {nothing ? (
        <div class="chart-nothing" style={{ height: `${props.height}px` }}>
          {props.empty ?? "No points yet"}
        </div>
      ) : (
        <div
          ref={box}
          class="chart-box"
          role="img"
          tabIndex={0}
          aria-label={said}
          style={{ height: `${props.height}px` }}
          onKeyDown={key}
          onBlur={() => plot.current?.leave()}
        />
      )}
      {props.legend && <Legend lines={lines} />}
    </>
  );
}

function Legend({ lines }: { lines: readonly Line[] }) {
  return (
    <ul class="chart-legend" aria-label="Lines">
      {lines.slice(0, 8).map((line) => (
        <li key={`${line.run} ${line.key}`}>
          <span class="chart-mark" style={{ background: line.color }} />
          {line.name}
        </li>
      ))}
      {lines.length > 8 && <li>{lines.length - 8} more</li>}
    </ul>
  );
}

function ChartHead(props: Zoomed & { onFull?: () => void }) {
  return (
    <figcaption class="chart-head">
      <span class="chart-title" title={props.title}>
        {props.title}
      </span>
      {props.note}
      {props.zoom && (
        <button class="quiet chart-reset" onClick={() => props.onZoom(null)}>
          Reset zoom
        </button>
      )}
      <span class="chart-actions">
        {props.actions}
        {props.onFull && (
          <button class="quiet" aria-label={`Show ${props.title} large`} title="Show large" onClick={props.onFull}>
            ⤢
          </button>
        )}
        <Downloads {...props} />
      </span>
    </figcaption>
  );
}

function Downloads(props: Zoomed) {
  const options = useWhole(props.options);
  const lines = () => prepare(props.series, { ...props, smoothing: options.smoothing, original: options.original });
  const png = (event: Event) => {
    const figure = (event.currentTarget as Element).closest(".chart");
    const canvas = figure?.querySelector<HTMLCanvasElement>("canvas:not(.chart-above)");
    const style = figure?.querySelector(".chart-box");
    if (!canvas || !style) return;
    const { backgroundColor, color } = getComputedStyle(style);
    savePng(props.title, canvas, backgroundColor, color);
  };
  const svg = () => save(`${props.title}.svg`, toSvg(props.title, lines(), options, props.zoom), "image/svg+xml");
  const table = () => save(`${props.title}.csv`, toCsv(props.series, lines(), options), "text/csv;charset=utf-8");
  return (
    <Menu class="quiet" title="Save this chart" label={<span aria-label={`Save ${props.title}`}>⤓</span>}>
      {(close) =>
        ([["PNG", png], ["SVG", svg], ["CSV", table]] as const).map(([what, act]) => (
          <button key={what} onClick={(event) => (act(event), close())}>
            Save as {what}
          </button>
        ))
      }
    </Menu>
  );
}
