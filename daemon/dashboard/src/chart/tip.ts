/** The small panel beside the mouse that says the values there. */
import type { Along } from "../api";
import { number } from "../ui/format";
import type { Line } from "./prepare";
import { xSaid } from "./ticks";

/** A line's value. */
export interface TipRow {
  line: Line;
  index: number;
  value: number;
}

const MOST = 8;

export class Tip {
  readonly element = document.createElement("div");

  constructor() {
    this.element.className = "chart-tip";
    this.element.hidden = true;
  }

  hide(): void {
    this.element.hidden = true;
  }

  /** `whole`: with x and further lines; else only the first line's value. */
  show(rows: readonly TipRow[], along: Along, whole: boolean, at: { x: number; y: number; width: number }): void {
    const shown = whole ? rows.slice(0, MOST) : rows.slice(0, 1);
    const parts: Node[] = shown.map((row, index) => rowOf(row, whole, index === 0));
    if (whole) parts.unshift(text("chart-tip-x", xSaid(along, rows[0]!.line.x[rows[0]!.index]!)));
    const more = whole && details(rows[0]!);
    if (more) parts.splice(2, 0, text("chart-tip-raw", more));
    if (whole && rows.length > MOST) parts.push(text("chart-tip-more", `${rows.length - MOST} more`));
    this.element.replaceChildren(...parts);
    this.element.hidden = false;
    // To the left of the mouse in the chart's right half, and never beyond the page.
    const size = this.element.offsetWidth;
    const beside = at.x > at.width / 2 ? at.x - 12 - size : at.x + 12;
    const edge = this.element.offsetParent?.getBoundingClientRect().left ?? 0;
    this.element.style.left = `${Math.max(4 - edge, Math.min(beside, document.documentElement.clientWidth - 4 - edge - size))}px`;
    this.element.style.top = whole ? "4px" : `${Math.max(0, at.y - 24)}px`;
  }
}

function rowOf({ line, value }: TipRow, whole: boolean, first: boolean): HTMLElement {
  const row = text(first ? "chart-tip-row first" : "chart-tip-row", "");
  const mark = text("chart-tip-mark", "");
  mark.style.background = line.color;
  if (!whole) {
    row.append(mark, text("chart-tip-value", number(value)));
    return row;
  }
  row.append(mark, text("chart-tip-name", line.name), text("chart-tip-value", number(value)));
  return row;
}

/** What the nearest line has beside its value: as it was logged, and the extremes of its bucket. */
function details({ line, index }: TipRow): string {
  const raw = line.raw?.[index];
  const [min, max] = [line.min?.[index], line.max?.[index]];
  const said = [
    raw != null ? `logged ${number(raw)}` : "",
    min != null && max != null && min !== max ? `from ${number(min)} to ${number(max)}` : "",
  ];
  return said.filter(Boolean).join(", ");
}

function text(name: string, said: string): HTMLElement {
  const element = document.createElement("div");
  element.className = name;
  element.textContent = said;
  return element;
}
