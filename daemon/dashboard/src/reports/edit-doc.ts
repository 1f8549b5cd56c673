/** What is done to the blocks of a report. Pure; blocks that are not named stay the same objects. */
import type { Block } from "./blocks";
import { piece, type Doc } from "./doc";

/** New blocks behind the one with this key; `null`: before all. */
export function insert(doc: Doc, after: number | null, blocks: Block[]): Doc {
  const at = after === null ? 0 : doc.pieces.findIndex((one) => one.key === after) + 1;
  const pieces = [...doc.pieces];
  pieces.splice(at, 0, ...blocks.map(piece));
  return { ...doc, pieces };
}

/** Other blocks in place of one; the first of them takes its key. The same document where nothing differs. */
export function replace(doc: Doc, key: number, blocks: Block[]): Doc {
  const old = doc.pieces.find((one) => one.key === key);
  if (!old || (blocks.length === 1 && sameJson(blocks[0], old.block))) return doc;
  const made = blocks.map(piece).map((one, at) => (at === 0 ? { ...one, key } : one));
  return { ...doc, pieces: doc.pieces.flatMap((one) => (one.key === key ? made : [one])) };
}

export function removed(doc: Doc, key: number): Doc {
  return { ...doc, pieces: doc.pieces.filter((one) => one.key !== key) };
}

/** A block so many places further down; up, with a negative number. */
export function moved(doc: Doc, key: number, by: number): Doc {
  const from = doc.pieces.findIndex((one) => one.key === key);
  const to = Math.min(doc.pieces.length - 1, Math.max(0, from + by));
  if (from < 0 || to === from) return doc;
  const pieces = [...doc.pieces];
  pieces.splice(to, 0, ...pieces.splice(from, 1));
  return { ...doc, pieces };
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
