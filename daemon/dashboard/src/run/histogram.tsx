/** Histograms over steps as a map of heat, and that of one step as bars. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { MediaItem } from "../api";
import { number } from "../ui/format";
import { readHistogram, rangeOf, rebin, thinned, type Histogram } from "./histogram-data";

const BINS = 64;
const COLUMNS_MAX = 300;
const [WIDTH, HEIGHT] = [600, 200];

interface At {
  step: number;
  histogram: Histogram;
}

export function HistogramPanel({ items, at }: { items: readonly MediaItem[]; at: number }) {
  const all = useMemo(() => {
    return items.flatMap((item) => {
      const histogram = readHistogram(item.value);
      return histogram ? [{ step: item.step, histogram }] : [];
    });
  }, [items]);
  const step = items[at]?.step;
  const one = all.find((known) => known.step === step);
  return (
    <div class="run-histogram">
      {all.length > 1 && <Heat all={all} step={step} />}
      {one ? <Bars histogram={one.histogram} /> : <p class="dim">What was logged at this step is no histogram that can be drawn.</p>}
    </div>
  );
}

function Heat({ all, step }: { all: readonly At[]; step: number | undefined }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const [said, setSaid] = useState("");
  const map = useMemo(() => {
    const shown = thinned(all.length, COLUMNS_MAX).map((index) => all[index]!);
    const range = rangeOf(shown.map((one) => one.histogram));
    return { shown, range, columns: shown.map((one) => rebin(one.histogram, range, BINS)) };
  }, [all]);
  useEffect(() => draw(ref.current, map.columns), [map]);
  const [low, high] = map.range;
  const marked = map.shown.findLastIndex((one) => one.step <= (step ?? Infinity));
  const hover = (event: MouseEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const column = Math.min(map.columns.length - 1, Math.floor(((event.clientX - box.left) / box.width) * map.columns.length));
    const bin = Math.max(0, BINS - 1 - Math.floor(((event.clientY - box.top) / box.height) * BINS));
    const from = low + ((high - low) * bin) / BINS;
    const count = map.columns[column]?.[bin] ?? 0;
    setSaid(`step ${number(map.shown[column]?.step)}: ${number(Math.round(count * 10) / 10)} of ${number(from)} to ${number(from + (high - low) / BINS)}`);
  };
  return (
    <figure class="run-heat">
      <div class="run-heat-y">
        <span>{number(high)}</span>
        <span>{number(low)}</span>
      </div>
      <div class="run-heat-map" onMouseMove={hover} onMouseLeave={() => setSaid("")}>
        <canvas ref={ref} role="img" aria-label={`${all.length} histograms over steps ${all[0]!.step} to ${all.at(-1)!.step}, values from ${number(low)} to ${number(high)}`} />
        <i style={{ left: `${((marked + 0.5) / map.columns.length) * 100}%` }} />
      </div>
      <figcaption>{said || `steps ${number(all[0]!.step)} to ${number(all.at(-1)!.step)}`}</figcaption>
    </figure>
  );
}

/** A column a step, a row a bin; darker is more, each step by itself. */
function draw(canvas: HTMLCanvasElement | null, columns: number[][]): void {
  const context = canvas?.getContext?.("2d");
  if (!canvas || !context || columns.length === 0) return;
  canvas.width = columns.length;
  canvas.height = BINS;
  const pixels = context.createImageData(columns.length, BINS);
  columns.forEach((counts, x) => {
    const most = Math.max(...counts, 1e-12);
    counts.forEach((count, bin) => {
      const at = ((BINS - 1 - bin) * columns.length + x) * 4;
      // One colour that stands out on light and on dark; how much there is, is how opaque it is.
      pixels.data.set([42, 150, 140, Math.round(255 * Math.sqrt(count / most))], at);
    });
  });
  context.putImageData(pixels, 0, 0);
}

/** One histogram, its bins as wide as they are. */
export function Bars({ histogram }: { histogram: Histogram }) {
  const { edges, counts } = histogram;
  const [low, high] = rangeOf([histogram]);
  const most = Math.max(...counts, 1e-12);
  const x = (value: number) => ((value - low) / (high - low)) * WIDTH;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return (
    <figure class="run-bars">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`Histogram of ${number(total)} values from ${number(low)} to ${number(high)}`}>
        {counts.map((count, at) => {
          const [from, to] = [x(edges[at]!), x(edges[at + 1]!)];
          const height = (count / most) * (HEIGHT - 4);
          return (
            <rect key={at} x={from} y={HEIGHT - height} width={Math.max(1, to - from - 0.5)} height={height}>
              <title>{`${number(edges[at])} to ${number(edges[at + 1])}: ${number(count)}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption>
        <span>{number(low)}</span>
        <span>
          {number(total)} values, most in a bin: {number(most)}
        </span>
        <span>{number(high)}</span>
      </figcaption>
    </figure>
  );
}
