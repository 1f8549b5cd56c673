/**
 * W&B's JSON of the blocks of a report, as far as it is read here, and words
 * about them. Pure.
 */
import type { JsonValue } from "../api";
import type { GridSpec } from "../panels/spec";
import { headingId } from "../ui/markdown-parse";

/** A run of text with its marks, a link, a formula, or (in lists and lines) a block of them. */
export interface Run {
  type?: string;
  text?: string;
  url?: string;
  content?: string;
  bold?: boolean;
  strong?: boolean;
  italic?: boolean;
  emphasis?: boolean;
  underline?: boolean;
  strikethrough?: boolean;
  inlineCode?: boolean;
  children?: Run[];
  ordered?: boolean;
  checked?: boolean;
  [more: string]: unknown;
}

/** One block; which other fields it has depends on `type`. */
export interface Block {
  type?: string;
  children?: Run[];
  level?: number;
  content?: string;
  language?: string | null;
  ordered?: boolean;
  url?: string;
  html?: string;
  spotifyID?: string;
  spotifyType?: string;
  links?: { type?: string; id?: string; url?: string; title?: string; description?: string; imageURL?: string }[];
  ids?: string[];
  collapsedChildren?: Block[];
  metadata?: GridSpec;
  config?: JsonValue;
  [more: string]: unknown;
}

/** Blocks that are edited as markdown. */
export const TEXTS = new Set(["paragraph", "default", "heading", "list", "block-quote", "callout-block", "horizontal-rule"]);

const NAMES: Record<string, string> = {
  "paragraph": "Text",
  "default": "Text",
  "heading": "Heading",
  "list": "List",
  "block-quote": "Quote",
  "callout-block": "Callout",
  "horizontal-rule": "Line",
  "markdown-block": "Markdown",
  "code-block": "Code",
  "latex": "Formula",
  "image": "Image",
  "video": "Video",
  "spotify": "Spotify",
  "soundcloud": "SoundCloud",
  "twitter": "Post",
  "gallery": "Gallery",
  "panel-grid": "Panels",
  "table-of-contents": "Table of contents",
  "weave-panel": "Weave block",
};

/** What a block is called. */
export function blockName(block: Block): string {
  return NAMES[block.type ?? ""] ?? (block.type ? `Block “${block.type}”` : "A block without a kind");
}

/** The words of runs, without their marks. */
export function plainText(runs: Run[] | undefined): string {
  return (runs ?? []).map((run) => run.text || (run.type === "latex" ? (run.content ?? "") : plainText(run.children))).join("");
}

/** Whether a block is a paragraph with nothing in it, as the SDK puts at both ends. */
export function isEmpty(block: Block): boolean {
  const paragraph = block.type === "paragraph" || block.type === "default";
  return paragraph && plainText(block.children).trim() === "";
}

/** A heading with the anchor that the table of contents leads to. */
export interface Entry {
  title: string;
  level: number;
  anchor: string;
}

/** The headings of a report, those in folded parts too, each with an anchor of its own. */
export function contents(blocks: Block[]): { entries: Entry[]; anchors: Map<Block, string> } {
  const entries: Entry[] = [];
  const anchors = new Map<Block, string>();
  const given = new Set<string>();
  const visit = (block: Block): void => {
    if (block.type !== "heading") return;
    const title = plainText(block.children);
    const anchor = free(headingId(title || "part"), given);
    given.add(anchor);
    entries.push({ title: title || "Untitled", level: levelOf(block), anchor });
    anchors.set(block, anchor);
    block.collapsedChildren?.forEach(visit);
  };
  blocks.forEach(visit);
  return { entries, anchors };
}

/** The level of a heading, 1 to 3. */
export function levelOf(block: Block): number {
  return Math.min(3, Math.max(1, Math.round(Number(block.level) || 1)));
}

function free(wanted: string, given: Set<string>): string {
  if (!given.has(wanted)) return wanted;
  for (let at = 2; ; at += 1) {
    if (!given.has(`${wanted}-${at}`)) return `${wanted}-${at}`;
  }
}
