/** A chart as a file: PNG of the canvas, SVG drawn anew, CSV of the points. */
import type { SeriesView } from "../api";
import { csv, save } from "../ui/save";
import { drawLines, places, type Pen, type Plane } from "./draw";
import { xTitle, type LineOptions, type Zoom } from "./options";
import type { Line } from "./prepare";
import { ticks, xRange, yRange } from "./range";
import { tick, xTick } from "./ticks";

/** All points, a row each. */
export function toCsv(series: readonly SeriesView[], lines: readonly Line[], options: LineOptions): string {
  const rows: unknown[][] = [["run", "name", "metric", xTitle(options.x), "value", "smoothed", "min", "max"]];
  series.forEach((one, at) => {
    const line = lines[at];
    const smoothed = line && line.y !== one.y ? line.y : null;
    one.x.forEach((x, index) => {
      const extremes = [one.min?.[index], one.max?.[index]];
      rows.push([one.run, line?.name, one.key, x, one.y[index], smoothed?.[index], ...extremes]);
    });
  });
  return csv(rows);
}

/** The canvas with its title, on the ground's colour. */
export function savePng(title: string, canvas: HTMLCanvasElement, ground: string, ink: string): void {
  const whole = document.createElement("canvas");
  const head = Math.round(28 * devicePixelRatio);
  whole.width = canvas.width;
  whole.height = canvas.height + head;
  const pen = whole.getContext("2d")!;
  pen.fillStyle = ground;
  pen.fillRect(0, 0, whole.width, whole.height);
  pen.fillStyle = ink;
  pen.font = `${Math.round(14 * devicePixelRatio)}px system-ui, sans-serif`;
  pen.fillText(title, 8 * devicePixelRatio, head * 0.7);
  pen.drawImage(canvas, 0, head);
  whole.toBlob((blob) => blob && save(`${title}.png`, blob), "image/png");
}

/** Writes as paths what is drawn. */
class SvgPen implements Pen {
  strokeStyle: unknown = "#000";
  fillStyle: unknown = "#000";
  lineWidth = 1;
  globalAlpha = 1;
  readonly parts: string[] = [];
  private path = "";
  private dash = "";

  setLineDash(lengths: number[]): void {
    this.dash = lengths.length > 0 ? ` stroke-dasharray="${lengths.map(short).join(" ")}"` : "";
  }
  beginPath(): void {
    this.path = "";
  }
  moveTo(x: number, y: number): void {
    this.path += `M${short(x)} ${short(y)}`;
  }
  lineTo(x: number, y: number): void {
    this.path += `L${short(x)} ${short(y)}`;
  }
  closePath(): void {
    this.path += "Z";
  }
  stroke(): void {
    if (!this.path) return;
    const how = `fill="none" stroke="${escape(this.strokeStyle)}" stroke-width="${this.lineWidth}"${this.dash}`;
    this.parts.push(`<path d="${this.path}" ${how} stroke-opacity="${this.globalAlpha}" stroke-linejoin="round"/>`);
  }
  fill(): void {
    if (!this.path) return;
    this.parts.push(`<path d="${this.path}" fill="${escape(this.fillStyle)}" fill-opacity="${this.globalAlpha}"/>`);
  }
}

const short = (value: number) => Number(value.toFixed(2));

const escape = (value: unknown) =>
  String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** As wide as a page. */
const PRINT = { width: 700, height: 300 };

/** The chart as a document of SVG, for print: dark on white, with a legend. `height` is that of the plane alone. */
export function toSvg(title: string, lines: readonly Line[], options: LineOptions, zoom: Zoom | null, { width, height } = PRINT): string {
  const x = xRange(lines, options, zoom);
  const y = yRange(lines, options, x);
  const shown = lines.slice(0, 30);
  const plane: Plane = { x, y, logX: options.logX, logY: options.logY, left: 60, top: 34, width: width - 80, height };
  const pen = new SvgPen();
  drawLines(pen, lines, plane, options);
  const under = height + 76;
  const whole = under + shown.length * 16;
  const legend = shown.map((line, at) => {
    const top = under + 8 + at * 16;
    return `<rect x="60" y="${top - 8}" width="10" height="3" fill="${line.color}"/>${label(76, top - 3, line.name, "start")}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}"`,
    ` font-family="system-ui, sans-serif" font-size="11"><rect width="${width}" height="${whole}" fill="#fff"/>`,
    `<text x="60" y="22" font-size="14" fill="#1b2126">${escape(title)}</text>`,
    ...axes(plane, options),
    // A picture in the picture ends at its edges, and needs no id that another on the page might have.
    `<svg x="60" y="34" width="${plane.width}" height="${height}" viewBox="60 34 ${plane.width} ${height}">${pen.parts.join("")}</svg>`,
    ...legend,
    "</svg>",
  ].join("");
}

function axes(plane: Plane, options: LineOptions): string[] {
  const { px, py } = places(plane);
  const [bottom, right] = [plane.top + plane.height, plane.left + plane.width];
  const said = (value: number) => (options.x === "time" ? new Date(value * 1000).toLocaleString() : xTick(options.x, value));
  const line = (path: string) => `<path d="${path}" stroke="#d9dde1"/>`;
  const room = Math.max(2, Math.round(plane.width / (options.x === "time" ? 200 : 100)));
  const along = ticks(plane.x, plane.logX, room).map(
    (value) => line(`M${short(px(value))} ${plane.top}V${bottom}`) + label(px(value), bottom + 15, said(value), "middle"),
  );
  const up = ticks(plane.y, plane.logY, 6).map(
    (value) => line(`M${plane.left} ${short(py(value))}H${right}`) + label(plane.left - 6, py(value) + 4, tick(value), "end"),
  );
  return [...along, ...up, label((plane.left + right) / 2, bottom + 30, xTitle(options.x), "middle")];
}

function label(x: number, y: number, said: string, anchor: string): string {
  return `<text x="${short(x)}" y="${short(y)}" text-anchor="${anchor}" fill="#59646d">${escape(said)}</text>`;
}
