/**
 * Lines of a terminal as spans with their colours. Pure; every line stands for
 * itself. What moves the cursor or is meant for the terminal alone is left out.
 */

export interface Style {
  /** One of the sixteen (`0` to `15`), or a colour of CSS. */
  fg?: number | string;
  bg?: number | string;
  bold?: true;
  dim?: true;
  italic?: true;
  underline?: true;
  strike?: true;
  inverse?: true;
}

export interface Span {
  text: string;
  style: Style;
}

// CSI with its last byte; OSC, DCS and their like up to their end; any other escape; other control characters.
const CODES = /\x1b\[([0-9;:?<=>]*)[ -/]*([@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|\x9b[0-9;]*[@-~]?|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g;

/** The text alone, as it was in the end where it was written over. */
export function plainLine(line: string): string {
  return settled(line).replace(CODES, "");
}

/** What a line that was written over (`\r`) was in the end. */
function settled(line: string): string {
  const text = line.endsWith("\r") ? line.replace(/\r+$/, "") : line;
  return text.slice(text.lastIndexOf("\r") + 1);
}

/** The spans of a line. */
export function spans(line: string): Span[] {
  const text = settled(line);
  const out: Span[] = [];
  let style: Style = {};
  let from = 0;
  const say = (end: number) => {
    if (end > from) out.push({ text: text.slice(from, end), style });
  };
  for (const code of text.matchAll(CODES)) {
    say(code.index);
    from = code.index + code[0].length;
    if (code[2] === "m" && !/[?<=>]/.test(code[1]!)) style = changed(style, code[1]!);
  }
  say(text.length);
  return joined(out);
}

/** The style after a `CSI … m`. */
function changed(before: Style, said: string): Style {
  const codes = said.split(/[;:]/).map(Number);
  let style = { ...before };
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at]!;
    if (code === 38 || code === 48) {
      const [colour, used] = extended(codes, at + 1);
      at += used;
      if (colour !== null) style[code === 38 ? "fg" : "bg"] = colour;
    } else style = simple(style, code);
  }
  return style;
}

const ON: Record<number, keyof Style> = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike" };
const OFF: Record<number, (keyof Style)[]> = {
  22: ["bold", "dim"],
  23: ["italic"],
  24: ["underline"],
  27: ["inverse"],
  29: ["strike"],
  39: ["fg"],
  49: ["bg"],
};

function simple(style: Style, code: number): Style {
  if (code === 0) return {};
  const on = ON[code];
  if (on) return { ...style, [on]: true };
  const off = OFF[code];
  if (off) return Object.fromEntries(Object.entries(style).filter(([name]) => !off.includes(name as keyof Style)));
  if (code >= 30 && code <= 37) return { ...style, fg: code - 30 };
  if (code >= 40 && code <= 47) return { ...style, bg: code - 40 };
  if (code >= 90 && code <= 97) return { ...style, fg: code - 82 };
  if (code >= 100 && code <= 107) return { ...style, bg: code - 92 };
  return style;
}

/** A colour of 256, or of all, and how many codes said it. */
function extended(codes: readonly number[], at: number): [number | string | null, number] {
  if (codes[at] === 5) return [indexed(codes[at + 1]), 2];
  if (codes[at] !== 2) return [null, 0];
  const parts = codes.slice(at + 1, at + 4);
  return [parts.length === 3 && parts.every(isByte) ? `rgb(${parts.join(" ")})` : null, 4];
}

function isByte(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= 255;
}

function indexed(index: number | undefined): number | string | null {
  if (!isByte(index)) return null;
  if (index < 16) return index;
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40);
  const [r, g, b] = [Math.floor((index - 16) / 36), Math.floor((index - 16) / 6) % 6, (index - 16) % 6];
  return `rgb(${level(r!)} ${level(g!)} ${level(b!)})`;
}

/** Neighbours of one style as one span. */
function joined(all: Span[]): Span[] {
  const out: Span[] = [];
  for (const span of all) {
    const last = out[out.length - 1];
    if (last && sameStyle(last.style, span.style)) last.text += span.text;
    else out.push({ ...span });
  }
  return out;
}

function sameStyle(a: Style, b: Style): boolean {
  const names = Object.keys(a) as (keyof Style)[];
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** The spans with what matches a search apart. */
export function marked(all: readonly Span[], find: string): (Span & { hit: boolean })[] {
  const text = all.map((span) => span.text).join("");
  const ends = hits(text, find).flatMap((at) => [at, at + find.length]);
  if (ends.length === 0) return all.map((span) => ({ ...span, hit: false }));
  const out: (Span & { hit: boolean })[] = [];
  let at = 0;
  let next = 0;
  for (const span of all) {
    let rest = span.text;
    while (rest) {
      while (next < ends.length && ends[next]! <= at) next += 1;
      const length = next < ends.length ? Math.min(rest.length, ends[next]! - at) : rest.length;
      out.push({ text: rest.slice(0, length), style: span.style, hit: next % 2 === 1 });
      rest = rest.slice(length);
      at += length;
    }
  }
  return out;
}

/** Where a text is found in another, whatever the case; no two overlap. */
export function hits(text: string, find: string): number[] {
  if (find === "") return [];
  const [within, wanted] = [text.toLowerCase(), find.toLowerCase()];
  const found: number[] = [];
  // Where lower case is longer, places would be wrong.
  if (within.length !== text.length || wanted.length !== find.length) return found;
  for (let at = within.indexOf(wanted); at >= 0; at = within.indexOf(wanted, at + wanted.length)) found.push(at);
  return found;
}
