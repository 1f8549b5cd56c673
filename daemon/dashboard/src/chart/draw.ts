/** Draws lines with a pen: a canvas, or what writes SVG. Knows neither page nor mouse. */
import type { LineOptions } from "./options";
import type { Line } from "./prepare";
import { placer, type Range } from "./range";

/** What of a canvas is needed. */
export interface Pen {
  strokeStyle: unknown;
  fillStyle: unknown;
  lineWidth: number;
  globalAlpha: number;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
  stroke(): void;
  fill(): void;
  setLineDash(lengths: number[]): void;
}

/** The plane: its ranges, and the rectangle that they fill. */
export interface Plane {
  x: Range;
  y: Range;
  logX: boolean;
  logY: boolean;
  left: number;
  top: number;
  width: number;
  height: number;
}

type Place = (value: number) => number;

/** Where values of x and y are. */
export function places(plane: Plane): { px: Place; py: Place } {
  return {
    px: placer(plane.x, plane.logX, plane.left, plane.width),
    py: placer(plane.y, plane.logY, plane.top + plane.height, -plane.height),
  };
}

/** More lines than this are drawn one pixel wide: a canvas without a GPU draws anything wider ten times slower. */
const FEW = 30;

/** All lines, with bands and originals beneath. `scale`: canvas pixels of one pixel. */
export function drawLines(pen: Pen, lines: readonly Line[], plane: Plane, options: Pick<LineOptions, "band">, scale = 1): void {
  const { px, py } = places(plane);
  const seen = lines.map((line) => part(line.x, plane.x));
  const few = lines.length <= FEW;
  if (options.band) {
    lines.forEach((line, at) => {
      if (!line.min || !line.max) return;
      if (few) drawBand(pen, line, seen[at]!, px, py);
      else if (!line.raw) drawReach(pen, line, seen[at]!, px, py);
    });
  }
  lines.forEach((line, at) => {
    if (line.raw) stroke(pen, { ...line, y: line.raw }, seen[at]!, px, py, few ? scale : 1, 0.28);
  });
  lines.forEach((line, at) => {
    const width = line.width ? line.width * scale : few ? 1.5 * scale : 1;
    if (line.dash) pen.setLineDash(line.dash.map((length) => length * scale));
    stroke(pen, line, seen[at]!, px, py, width, 1);
    if (line.dash) pen.setLineDash([]);
  });
  pen.globalAlpha = 1;
}

/** One line, thick, on a rim of the ground's colour. */
export function drawOne(pen: Pen, line: Line, plane: Plane, ground: string, scale = 1): void {
  const { px, py } = places(plane);
  const seen = part(line.x, plane.x);
  stroke(pen, { ...line, color: ground }, seen, px, py, 6 * scale, 0.9);
  stroke(pen, line, seen, px, py, 3 * scale, 1);
  pen.globalAlpha = 1;
}

/** The indices that are in sight, and one more at either side. */
function part(x: readonly number[], [from, to]: Range): [number, number] {
  let first = 0;
  let last = x.length - 1;
  while (first < last && x[first + 1]! < from) first += 1;
  while (last > first && x[last - 1]! > to) last -= 1;
  return [first, last];
}

function stroke(pen: Pen, line: Line, [first, last]: [number, number], px: Place, py: Place, width: number, alpha: number): void {
  pen.strokeStyle = line.color;
  pen.fillStyle = line.color;
  pen.lineWidth = width;
  pen.globalAlpha = alpha;
  pen.beginPath();
  let length = 0;
  const alone: [number, number][] = [];
  let at: [number, number] = [0, 0];
  const end = () => void (length === 1 && alone.push(at));
  for (let index = first; index <= last; index += 1) {
    const value = line.y[index];
    const [x, y] = [px(line.x[index]!), value == null ? NaN : py(value)];
    if (Number.isNaN(y) || Number.isNaN(x)) {
      end();
      length = 0;
      continue;
    }
    if (length === 0) pen.moveTo(x, y);
    else pen.lineTo(x, y);
    length += 1;
    at = [x, y];
  }
  end();
  pen.stroke();
  for (const [x, y] of alone) dot(pen, x, y, width * 1.6);
}

/** A point that has no neighbours: a small diamond. */
function dot(pen: Pen, x: number, y: number, size: number): void {
  pen.beginPath();
  pen.moveTo(x - size, y);
  pen.lineTo(x, y - size);
  pen.lineTo(x + size, y);
  pen.lineTo(x, y + size);
  pen.closePath();
  pen.fill();
}

/** What each bucket reaches as upright lines: the band of one of many lines. */
function drawReach(pen: Pen, line: Line, [first, last]: [number, number], px: Place, py: Place): void {
  pen.strokeStyle = line.color;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.3;
  pen.beginPath();
  for (let index = first; index <= last; index += 1) {
    const [min, max] = [line.min![index], line.max![index]];
    if (min == null || max == null || min === max) continue;
    const [x, low, high] = [px(line.x[index]!), py(min), py(max)];
    if (Number.isNaN(x) || Number.isNaN(low) || Number.isNaN(high)) continue;
    pen.moveTo(x, low);
    pen.lineTo(x, high);
  }
  pen.stroke();
}

function drawBand(pen: Pen, line: Line, [first, last]: [number, number], px: Place, py: Place): void {
  pen.fillStyle = line.color;
  pen.globalAlpha = 0.18;
  pen.beginPath();
  let begun = false;
  const point = (index: number, value: number | null | undefined) => {
    const [x, y] = [px(line.x[index]!), value == null ? NaN : py(value)];
    if (Number.isNaN(x) || Number.isNaN(y)) return;
    if (begun) pen.lineTo(x, y);
    else pen.moveTo(x, y);
    begun = true;
  };
  for (let index = first; index <= last; index += 1) point(index, line.max![index]);
  for (let index = last; index >= first; index -= 1) point(index, line.min![index]);
  pen.closePath();
  pen.fill();
}
