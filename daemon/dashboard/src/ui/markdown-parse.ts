/**
 * GitHub-flavoured markdown as a tree of blocks. Pure; HTML is text. What is
 * nested or long beyond reason is kept as text, so that no text is too much.
 */
import { parseInline, plain, type Definitions, type Inline } from "./markdown-inline";

export type Block =
  | { kind: "heading"; level: number; id: string; children: Inline[] }
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; ordered: boolean; start: number; loose: boolean; items: Item[] }
  | { kind: "table"; align: Align[]; head: Inline[][]; rows: Inline[][][] }
  | { kind: "formula"; tex: string }
  | { kind: "rule" };

export interface Item {
  /** Of a task; `null` of what is none. */
  done: boolean | null;
  blocks: Block[];
}

export type Align = "left" | "center" | "right" | null;

/** Characters that are read; the rest is left out, and said to be. */
export const LENGTH_MAX = 1_000_000;
const DEPTH_MAX = 12;
const ROW_CELLS_MAX = 200;

// Each of these takes time in proportion to the line: no two repeats in a row match the same.
const FENCE = /^ {0,3}(`{3,}(?!`)|~{3,}(?!~))([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]([^]*))?$/;
const FORMULA = /^ {0,3}\$\$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const MARKER = /^( {0,3})([-*+]|\d{1,9}[.)])(?:( {1,4})(?=\S)|( *)$|( ))/;
const QUOTE = /^ {0,3}> ?/;
const DEFINITION = /^ {0,3}\[([^\]\\]{1,200})\]:[ \t]{0,20}<?([^\s<>]{1,2000})>?(?:[ \t]{1,20}["'(]([^"')]{0,500})["')])?[ \t]{0,20}$/;

/** The blocks of a text; `cut` where it was too long to be read whole. */
export function parse(text: string): { blocks: Block[]; cut: boolean } {
  const cut = text.length > LENGTH_MAX;
  const lines = (cut ? text.slice(0, LENGTH_MAX) : text).replaceAll("\0", "\ufffd").split(/\r\n?|\n/);
  const { kept, definitions } = define(lines.map(untabbed));
  return { blocks: new Reader(kept, definitions, 0, new Map()).all(), cut };
}

/** The id of a heading: as GitHub makes it, behind `user-`, so that it can hide none of the page's own. */
export function headingId(text: string): string {
  return `user-${text.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-")}`;
}

/** Leading tabs as spaces. */
function untabbed(line: string): string {
  return /^ *\t/.test(line) ? line.replace(/^[ \t]+/, (indent) => indent.replaceAll("\t", "    ")) : line;
}

/** Takes the definitions of addresses out. */
function define(lines: string[]): { kept: string[]; definitions: Definitions } {
  const definitions: Definitions = new Map();
  let fence = "";
  const kept = lines.filter((line) => {
    const mark = FENCE.exec(line)?.[1];
    if (mark && (!fence || (mark.startsWith(fence) && line.trim() === mark))) fence = fence ? "" : mark;
    const found = fence ? null : DEFINITION.exec(line);
    if (!found) return true;
    const name = found[1]!.trim().toLowerCase();
    if (!definitions.has(name)) definitions.set(name, { address: found[2]!, title: found[3] ?? "" });
    return false;
  });
  return { kept, definitions };
}

class Reader {
  private at = 0;
  private readonly blocks: Block[] = [];

  constructor(
    private readonly lines: string[],
    private readonly definitions: Definitions,
    private readonly depth: number,
    /** How often an id of a heading was given. */
    private readonly ids: Map<string, number>,
  ) {}

  all(): Block[] {
    while (this.at < this.lines.length) this.step(this.lines[this.at]!);
    return this.blocks;
  }

  private step(line: string): void {
    if (line.trim() === "") {
      this.at += 1;
      return;
    }
    const fence = FENCE.exec(line);
    if (fence) return this.fenced(line, fence[1]!, fence[2]!.trim());
    const heading = HEADING.exec(line);
    if (heading) {
      this.at += 1;
      return this.heading(heading[1]!.length, (heading[2] ?? "").trim().replace(/(?:^|[ \t])#{1,100}$/, ""));
    }
    if (RULE.test(line)) {
      this.at += 1;
      this.blocks.push({ kind: "rule" });
      return;
    }
    if (this.depth < DEPTH_MAX) {
      if (QUOTE.test(line)) return this.quote();
      if (MARKER.test(line)) return this.list();
    }
    if (line.startsWith("    ")) return this.indented();
    if (FORMULA.test(line) && this.formula()) return;
    if (this.table()) return;
    this.paragraph();
  }

  private inline(text: string): Inline[] {
    return parseInline(text, this.definitions);
  }

  private inner(lines: string[]): Block[] {
    return new Reader(lines, this.definitions, this.depth + 1, this.ids).all();
  }

  private fenced(line: string, mark: string, language: string): void {
    const indent = line.length - line.trimStart().length;
    const text: string[] = [];
    for (this.at += 1; this.at < this.lines.length; this.at += 1) {
      const inside = this.lines[this.at]!;
      const end = inside.trim();
      if (end.length >= mark.length && end === mark[0]!.repeat(end.length) && inside.search(/\S/) < 4) break;
      text.push(inside.slice(Math.min(indent, inside.search(/\S|$/))));
    }
    this.at += 1;
    this.blocks.push({ kind: "code", language: language.split(/\s/)[0] ?? "", text: text.join("\n") });
  }

  /** From a line that begins with `$$` to the one that ends with it. */
  private formula(): boolean {
    for (let end = this.at; end < this.lines.length && end < this.at + 200; end += 1) {
      const line = this.lines[end]!.trim();
      if (!line.endsWith("$$") || (end === this.at && line.length < 5)) continue;
      const tex = this.lines.slice(this.at, end + 1).join("\n").trim().slice(2, -2).trim();
      if (tex.includes("$$")) return false;
      this.at = end + 1;
      this.blocks.push({ kind: "formula", tex });
      return true;
    }
    return false;
  }

  private heading(level: number, text: string): void {
    const children = this.inline(text);
    const id = headingId(plain(children));
    const before = this.ids.get(id) ?? 0;
    this.ids.set(id, before + 1);
    this.blocks.push({ kind: "heading", level, id: before === 0 ? id : `${id}-${before}`, children });
  }

  private quote(): void {
    const inside: string[] = [];
    for (; this.at < this.lines.length; this.at += 1) {
      const line = this.lines[this.at]!;
      if (QUOTE.test(line)) inside.push(line.replace(QUOTE, ""));
      else if (this.continues(line, inside)) inside.push(line);
      else break;
    }
    this.blocks.push({ kind: "quote", blocks: this.inner(inside) });
  }

  /** Whether a line without the mark goes on with the paragraph before it. */
  private continues(line: string, before: string[]): boolean {
    const last = before[before.length - 1] ?? "";
    return line.trim() !== "" && last.trim() !== "" && !begins(line) && !FENCE.test(last) && !HEADING.test(last);
  }

  private list(): void {
    const first = MARKER.exec(this.lines[this.at]!)!;
    const kind = first[2]!.slice(-1);
    const items: Item[] = [];
    let loose = false;
    for (;;) {
      const found = this.at < this.lines.length ? MARKER.exec(this.lines[this.at]!) : null;
      if (!found || found[2]!.slice(-1) !== kind || RULE.test(this.lines[this.at]!)) break;
      const lines = this.itemLines(found);
      while (lines.length > 0 && lines[lines.length - 1]!.trim() === "") lines.pop();
      const task = /^\[([ xX])\]\s+/.exec(lines[0] ?? "");
      if (task) lines[0] = lines[0]!.slice(task[0].length);
      items.push({ done: task ? task[1] !== " " : null, blocks: this.inner(lines) });
      const gap = this.at > 0 && this.lines[this.at - 1]!.trim() === "";
      loose ||= lines.some((line, at) => line.trim() === "" && !MARKER.test((lines[at + 1] ?? "").trimStart()));
      loose ||= gap && this.at < this.lines.length && MARKER.exec(this.lines[this.at]!)?.[2]?.slice(-1) === kind;
    }
    const ordered = kind === "." || kind === ")";
    this.blocks.push({ kind: "list", ordered, start: ordered ? parseInt(first[2]!, 10) : 1, loose, items });
  }

  /** The lines of one item, without their indent. */
  private itemLines(marker: RegExpExecArray): string[] {
    const indent = marker[3] ? marker[0].length : marker[1]!.length + marker[2]!.length + 1;
    const lines = [this.lines[this.at]!.slice(indent)];
    let fence = FENCE.exec(lines[0]!)?.[1] ?? "";
    for (this.at += 1; this.at < this.lines.length; this.at += 1) {
      const line = this.lines[this.at]!;
      const inside = line.search(/\S/) >= indent;
      if (line.trim() === "") {
        // An item that begins with an empty line has nothing in it.
        if (lines.length === 1 && lines[0]!.trim() === "") break;
        lines.push("");
      } else if (inside) {
        const text = line.slice(indent);
        const mark = FENCE.exec(text)?.[1];
        if (mark && (!fence || mark.startsWith(fence))) fence = fence ? "" : mark;
        lines.push(text);
      } else if (!fence && !MARKER.test(line) && this.continues(line, lines)) lines.push(line.trimStart());
      else break;
    }
    return lines;
  }

  private indented(): void {
    const text: string[] = [];
    for (; this.at < this.lines.length; this.at += 1) {
      const line = this.lines[this.at]!;
      if (!line.startsWith("    ") && line.trim() !== "") break;
      text.push(line.slice(4));
    }
    this.blocks.push({ kind: "code", language: "", text: text.join("\n").trimEnd() });
  }

  private table(): boolean {
    const [head, rule] = [this.lines[this.at]!, this.lines[this.at + 1] ?? ""];
    if (!head.includes("|") || !/^[\s|:-]+$/.test(rule) || !rule.includes("-")) return false;
    const names = cells(head);
    const marks = cells(rule);
    if (marks.length !== names.length || !marks.every((mark) => /^:?-+:?$/.test(mark))) return false;
    const rows: Inline[][][] = [];
    for (this.at += 2; this.at < this.lines.length; this.at += 1) {
      const line = this.lines[this.at]!;
      if (line.trim() === "" || begins(line)) break;
      const said = cells(line);
      rows.push(names.map((_, at) => this.inline(said[at] ?? "")));
    }
    this.blocks.push({ kind: "table", align: marks.map(aligned), head: names.map((name) => this.inline(name)), rows });
    return true;
  }

  private paragraph(): void {
    const text = [this.lines[this.at]!.trimStart()];
    for (this.at += 1; this.at < this.lines.length; this.at += 1) {
      const line = this.lines[this.at]!;
      const under = /^ {0,3}(=+|-+)[ \t]*$/.exec(line)?.[1];
      if (under) {
        this.at += 1;
        return this.heading(under.startsWith("=") ? 1 : 2, text.join("\n").trim());
      }
      if (line.trim() === "" || (this.depth < DEPTH_MAX ? begins(line) : FENCE.test(line) || HEADING.test(line))) break;
      text.push(line.trimStart());
    }
    this.blocks.push({ kind: "paragraph", children: this.inline(text.join("\n").trimEnd()) });
  }
}

/** Whether a line begins a block of its own in the middle of a paragraph. */
function begins(line: string): boolean {
  if (FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || FORMULA.test(line)) return true;
  const marker = MARKER.exec(line);
  // A number in running text begins a list only where it is 1.
  return marker?.[3] !== undefined && (!/\d/.test(marker[2]!) || parseInt(marker[2]!, 10) === 1);
}

/** The cells of a table's row; `\|` is a bar in a cell. */
function cells(line: string): string[] {
  const inside = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  const parts = inside.split(/(?<!\\)\|/).slice(0, ROW_CELLS_MAX);
  return parts.map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function aligned(mark: string): Align {
  if (mark.endsWith(":")) return mark.startsWith(":") ? "center" : "right";
  return mark.startsWith(":") ? "left" : null;
}
