/**
 * A report's spec as its writer wrote it: text whose blocks are replaced one by
 * one, so that what nobody touched stays byte for byte as it was. Pure.
 */
import type { Block } from "./blocks";

/** A block with the text that it is saved as. */
export interface Piece {
  /** The same as long as it is the same block on the page. */
  key: number;
  raw: string;
  block: Block;
}

export interface Doc {
  /** All up to the first block, all after the last, and what stands between two. */
  before: string;
  after: string;
  glue: string;
  pieces: readonly Piece[];
}

/** A report without anything in it, as W&B's SDK writes it. */
export const EMPTY_SPEC = JSON.stringify({
  version: 5,
  panelSettings: {},
  blocks: [{ type: "paragraph", children: [{ text: "" }] }, { type: "paragraph", children: [{ text: "" }] }],
  width: "readable",
  authors: [],
  discussionThreads: [],
});

let next = 1;

/** A new block. */
export function piece(block: Block): Piece {
  return { key: next++, raw: JSON.stringify(block), block };
}

/** Reads a spec; `null` where it is none with blocks. */
export function parseDoc(spec: string): Doc | null {
  try {
    const whole = JSON.parse(spec) as { blocks?: unknown } | null;
    if (!whole || !Array.isArray(whole.blocks)) return null;
    const place = findBlocks(spec);
    return place === null ? null : split(spec, place);
  } catch {
    return null;
  }
}

/** The spec as it is saved. */
export function specOf(doc: Doc): string {
  return doc.before + doc.pieces.map((one) => one.raw).join(doc.glue) + doc.after;
}

/** How wide the writer wants the page. */
export function widthOf(doc: Doc): "readable" | "fixed" | "fluid" {
  const { width } = JSON.parse(`${doc.before}${doc.after}`) as { width?: unknown };
  return width === "fixed" || width === "fluid" ? width : "readable";
}

/** Where the list of blocks begins, behind its bracket. */
function findBlocks(spec: string): number | null {
  let at = skip(spec, spec.indexOf("{") + 1);
  let found: number | null = null;
  while (spec[at] === '"') {
    const name = valueEnd(spec, at);
    const value = skip(spec, skip(spec, name) + 1);
    if (JSON.parse(spec.slice(at, name)) === "blocks" && spec[value] === "[") found = value + 1;
    at = skip(spec, valueEnd(spec, value));
    if (spec[at] === ",") at = skip(spec, at + 1);
  }
  return found;
}

function split(spec: string, begin: number): Doc {
  const pieces: Piece[] = [];
  let at = skip(spec, begin);
  const before = spec.slice(0, at);
  let glue = ",";
  let end = at;
  while (spec[at] !== "]") {
    if (pieces.length === 1) glue = spec.slice(end, at);
    end = valueEnd(spec, at);
    const raw = spec.slice(at, end);
    pieces.push({ key: next++, raw, block: JSON.parse(raw) as Block });
    at = skip(spec, end);
    if (spec[at] === ",") at = skip(spec, at + 1);
  }
  return { before, after: spec.slice(end), glue, pieces };
}

function skip(text: string, at: number): number {
  let to = at;
  while (" \n\r\t".includes(text[to] ?? "x")) to += 1;
  return to;
}

/** Where a JSON value ends that begins here. The text is known to be JSON. */
function valueEnd(text: string, begin: number): number {
  if (text[begin] === '"') return stringEnd(text, begin);
  let at = begin;
  let depth = 0;
  for (;;) {
    const char = text[at];
    if (char === undefined) return at;
    if (char === '"') {
      at = stringEnd(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (depth === 0 && at > begin && ",]} \n\r\t".includes(char)) return at;
    if (char === "{" || char === "[") depth += 1;
    if (char === "}" || char === "]") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
    at += 1;
  }
}

function stringEnd(text: string, begin: number): number {
  for (let at = begin + 1; ; at += 1) {
    const quote = text.indexOf('"', at);
    let slashes = 0;
    while (text[quote - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
    at = quote;
  }
}
