/**
 * One chart on the page: uPlot has the axes, the scales and the drag; the lines are
 * drawn by `draw`, each along its own x. A second canvas above shows what the mouse
 * is at, so that moving it draws no line anew.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { drawLines, drawOne, places, type Plane } from "./draw";
import { drawNot, drawSoon } from "./frames";
import { hovered, onHover, sameAlong, sayHover, type Hover } from "./hover";
import type { LineOptions, Zoom } from "./options";
import type { Line } from "./prepare";
import { nearest, xRange, yRange, type Range } from "./range";
import { DURATIONS, isRound, tick, timeTicks, xTick } from "./ticks";
import { Tip, type TipRow } from "./tip";

/** What a chart shows. */
export interface Shown {
  lines: readonly Line[];
  options: LineOptions;
  zoom: Zoom | null;
}

interface Ink {
  text: string;
  grid: string;
  ground: string;
}

export class Plot {
  private u: uPlot | null = null;
  /** What of the options uPlot must be made anew for. */
  private made = "";
  private shown: Shown | null = null;
  private x: Range = [0, 1];
  private y: Range = [0, 1];
  private readonly above = document.createElement("canvas");
  private readonly tip = new Tip();
  private readonly size: ResizeObserver | null;
  private readonly off: () => void;
  /** The point that keys are at. */
  private keyed: number | null = null;
  private ink: Ink = { text: "#888", grid: "#ccc", ground: "#fff" };

  constructor(
    private readonly box: HTMLElement,
    private readonly onZoom: (zoom: Zoom | null) => void,
  ) {
    this.above.className = "chart-above";
    this.size = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(() => this.resize());
    this.size?.observe(box);
    this.off = onHover((hover) => this.hover(hover));
  }

  destroy(): void {
    this.off();
    this.size?.disconnect();
    drawNot(this);
    this.u?.destroy();
    this.u = null;
  }

  /** Shows something else, in one of the next frames. */
  set(shown: Shown): void {
    this.shown = shown;
    drawSoon(this, () => this.apply());
  }

  /** The picture as it is, for an image. */
  canvas(): HTMLCanvasElement | null {
    return this.u?.ctx.canvas ?? null;
  }

  /** Moves what the mouse would point at by so many points of the first line, for those who use keys. */
  step(by: number): void {
    const line = this.shown?.lines.at(-1);
    if (!line || !this.u) return;
    const from = this.keyed ?? nearest(line.x, this.x[0]);
    this.keyed = Math.min(line.x.length - 1, Math.max(0, from + by));
    sayHover({ source: this, along: this.shown!.options.x, x: line.x[this.keyed]!, run: line.run });
  }

  /** Nobody points at anything any longer. */
  leave(): void {
    this.keyed = null;
    sayHover(null);
  }

  private apply(): void {
    const { lines, options, zoom } = this.shown!;
    this.x = xRange(lines, options, zoom);
    this.y = yRange(lines, options, this.x);
    this.ink = inkOf(this.box);
    const made = JSON.stringify([options.logX, options.logY, options.x]);
    if (!this.u || made !== this.made) {
      this.u?.destroy();
      this.u = new uPlot(this.settings(options), [this.x, this.y], this.box);
      this.u.over.append(this.above, this.tip.element);
      this.made = made;
    } else this.u.setData([this.x, this.y], true);
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.box;
    if (this.u && width > 0 && height > 0) this.u.setSize({ width, height });
  }

  private settings(options: LineOptions): uPlot.Options {
    const axis = (more: uPlot.Axis): uPlot.Axis => ({
      stroke: () => this.ink.text,
      grid: { stroke: () => this.ink.grid, width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
      ...more,
    });
    const time = options.x === "time";
    const values = (write: (value: number) => string, log: boolean) => (_: uPlot, all: (number | null)[]) =>
      all.map((value) => (value === null || (log && !isRound(value)) ? "" : write(value)));
    const along = time ? (_: uPlot, all: number[]) => timeTicks(all) : values((value) => xTick(options.x, value), options.logX);
    return {
      width: this.box.clientWidth || 320,
      height: this.box.clientHeight || 200,
      padding: [6, 14, 0, 0],
      legend: { show: false },
      scales: {
        x: { time, distr: options.logX ? 3 : 1, range: () => this.x },
        y: { distr: options.logY ? 3 : 1, range: () => this.y },
      },
      axes: [
        axis({ size: 22, gap: 3, space: 66, values: along, ...(options.x === "relative" && { incrs: DURATIONS }) }),
        axis({ size: yAxisSize, gap: 4, space: 28, values: values(tick, options.logY) }),
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: this.cursor(),
      hooks: {
        draw: [() => this.draw()],
        setCursor: [(u) => this.moved(u)],
        setSelect: [(u) => this.selected(u)],
      },
    };
  }

  private cursor(): uPlot.Cursor {
    return {
      points: { show: false },
      x: false,
      y: false,
      drag: { x: true, y: false, setScale: false, dist: 4 },
      bind: { dblclick: () => () => (this.onZoom(null), null) },
    };
  }

  private plane(scale: number): Plane {
    const { left, top, width, height } = this.u!.bbox;
    const { logX, logY } = this.shown!.options;
    const at = { left, top, width, height };
    // Above, the origin is the plotting area's; `scale` is that of the canvas beneath.
    if (scale === 0) Object.assign(at, { left: 0, top: 0 });
    return { x: this.x, y: this.y, logX, logY, ...at };
  }

  private draw(): void {
    const { ctx, bbox } = this.u ?? {};
    if (!ctx || !bbox || !this.shown) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineJoin = this.shown.lines.length > 3 ? "bevel" : "round";
    drawLines(ctx, this.shown.lines, this.plane(1), this.shown.options, uPlot.pxRatio);
    ctx.restore();
    if (this.above.width !== bbox.width || this.above.height !== bbox.height) {
      this.above.width = bbox.width;
      this.above.height = bbox.height;
    }
    if (hovered()) this.hover(hovered());
  }

  private selected(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 4) return;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.onZoom([u.posToVal(left, "x"), u.posToVal(left + width, "x")]);
  }

  private moved(u: uPlot): void {
    const { left, top } = u.cursor;
    if (left == null || top == null || left < 0) return sayHover(null);
    const x = u.posToVal(left, "x");
    const first = this.at(x, u.posToVal(top, "y"))[0];
    sayHover({ source: this, along: this.shown!.options.x, x, run: first?.line.run ?? null });
  }

  /** The lines that have a value at x, the one nearest to y first. */
  private at(x: number, y: number): TipRow[] {
    const plane = this.plane(0);
    const { px, py } = places(plane);
    const rows: (TipRow & { far: number })[] = [];
    for (const line of this.shown!.lines) {
      const index = nearest(line.x, x);
      const value = line.y[index];
      // A run that ended long before has nothing to say here.
      if (value == null || Math.abs(px(line.x[index]!) - px(x)) > plane.width * 0.1) continue;
      rows.push({ line, index, value, far: Math.abs(py(value) - py(y)) });
    }
    return rows.sort((a, b) => a.far - b.far);
  }

  private hover(hover: Hover | null): void {
    if (!this.u || !this.shown) return;
    const pen = this.above.getContext("2d");
    if (!pen) return;
    pen.clearRect(0, 0, this.above.width, this.above.height);
    if (hover && hover.x === null) return this.only(pen, hover.run);
    if (!hover || hover.x === null || !sameAlong(hover.along, this.shown.options.x) || hover.x < this.x[0] || hover.x > this.x[1]) {
      return this.tip.hide();
    }
    const plane = this.plane(0);
    const { px } = places(plane);
    pen.strokeStyle = this.ink.text;
    pen.lineWidth = 1;
    pen.globalAlpha = 0.6;
    pen.beginPath();
    pen.moveTo(px(hover.x), 0);
    pen.lineTo(px(hover.x), plane.height);
    pen.stroke();
    this.highlight(pen, { ...hover, x: hover.x }, plane);
  }

  /** One run's lines, as somebody points at it in a list. */
  private only(pen: CanvasRenderingContext2D, run: string | null): void {
    this.tip.hide();
    const lines = this.shown!.lines;
    for (const line of lines) if (line.run === run && lines.length > 1) drawOne(pen, line, this.plane(0), this.ink.ground, uPlot.pxRatio);
  }

  private highlight(pen: CanvasRenderingContext2D, hover: Hover & { x: number }, plane: Plane): void {
    const ours = hover.source === this;
    const all = this.at(hover.x, this.u!.posToVal(this.u!.cursor.top ?? 0, "y"));
    const named = all.filter((row) => row.line.run === hover.run);
    const rows = ours ? [...named, ...all.filter((row) => !named.includes(row))] : named;
    const [first] = rows;
    if (!first) return this.tip.hide();
    if (this.shown!.lines.length > 1) drawOne(pen, first.line, plane, this.ink.ground, uPlot.pxRatio);
    const { px, py } = places(plane);
    const at = { x: px(first.line.x[first.index]!), y: py(first.value) };
    pen.fillStyle = first.line.color;
    pen.beginPath();
    pen.arc(at.x, at.y, 4 * uPlot.pxRatio, 0, 7);
    pen.fill();
    this.tip.show(rows, this.shown!.options.x, ours, {
      x: px(hover.x) / uPlot.pxRatio,
      y: at.y / uPlot.pxRatio,
      width: this.u!.over.clientWidth,
    });
  }
}

function yAxisSize(_: uPlot, values: string[] | null): number {
  const longest = Math.max(2, ...(values ?? []).map((value) => value.length));
  return 14 + longest * 6.5;
}

/** Canvases know no variables of CSS: the box's own colours are read. */
function inkOf(box: HTMLElement): Ink {
  const style = getComputedStyle(box);
  return { text: style.color, grid: style.borderTopColor, ground: style.backgroundColor };
}
