/** Markdown as W&B's blocks: what people wrote in the editor. Pure. */
import type { Inline } from "../ui/markdown-inline";
import { parse, type Block as Parsed, type Item } from "../ui/markdown-parse";
import { TEXTS, type Block, type Run } from "./blocks";

/** The blocks of a text. */
export function fromMarkdown(text: string): Block[] {
  return parse(text).blocks.flatMap(blockOf);
}

/** What an edited block becomes: fields of the old one that the text does not say stay, where it is still one such block. */
export function edited(old: Block, text: string): Block[] {
  const found = fromMarkdown(text);
  const [first] = found;
  if (found.length !== 1 || !first || first.type !== old.type) return found;
  const { children: _, level: __, ordered: ___, ...others } = old;
  return [{ ...others, ...first }];
}

/** Whether a block is edited as a text. */
export function isText(block: Block): boolean {
  return TEXTS.has(block.type ?? "");
}

function blockOf(block: Parsed): Block[] {
  switch (block.kind) {
    case "heading":
      return [{ type: "heading", children: runs(block.children), level: Math.min(3, block.level) }];
    case "paragraph":
      return [paragraph(block.children)];
    case "code":
      return [codeBlock(block.text, block.language)];
    case "quote":
      return [quote(block.blocks)];
    case "list":
      return [{ type: "list", children: items(block.items, block.ordered), ...(block.ordered && { ordered: true }) }];
    case "table":
      return [{ type: "markdown-block", children: [{ text: "" }], content: tableSource(block) }];
    case "formula":
      return [formula(block.tex)];
    case "rule":
      return [{ type: "horizontal-rule", children: [{ text: "" }] }];
  }
}

function formula(tex: string): Block {
  return { type: "latex", children: [{ text: "" }], content: tex, block: true };
}

function paragraph(inline: Inline[]): Block {
  const [first] = inline;
  if (inline.length === 1 && first?.kind === "image") {
    return { type: "image", children: [{ text: first.alt }], url: first.src, hasCaption: first.alt !== "" };
  }
  if (inline.length === 1 && first?.kind === "formula" && first.display) return formula(first.tex);
  return { type: "paragraph", children: runs(inline) };
}

function quote(blocks: Parsed[]): Block {
  const lines = blocks.map((block) => ("children" in block ? runs(block.children) : blockOf(block).flatMap((one) => one.children ?? [])));
  const first = lines[0]?.[0];
  const callout = /^\[!\w+\]\s*/.exec(first?.text ?? "");
  if (callout && first?.text !== undefined) {
    first.text = first.text.slice(callout[0].length);
    return { type: "callout-block", children: splitLines(lines).map((children) => ({ type: "callout-line", children })) };
  }
  return { type: "block-quote", children: lines.flatMap((line, at) => (at === 0 ? line : [{ text: "\n" }, ...line])) };
}

function items(of: Item[], ordered: boolean): Run[] {
  return of.map((item) => ({
    type: "list-item",
    children: inItem(item.blocks),
    ...(ordered && { ordered: true }),
    ...(item.done !== null && { checked: item.done }),
  }));
}

function inItem(blocks: Parsed[]): Run[] {
  const found = blocks.flatMap(blockOf).map((block) => (block.type === "list" ? block : { type: "paragraph", children: block.children ?? [] }));
  return (found.length > 0 ? found : [{ type: "paragraph", children: [{ text: "" }] }]) as Run[];
}

/** Runs with their marks; never none. */
function runs(nodes: Inline[], marks: Run = {}): Run[] {
  const found = nodes.flatMap((node) => runOf(node, marks));
  return found.length > 0 ? found : [{ text: "" }];
}

function runOf(node: Inline, marks: Run): Run[] {
  switch (node.kind) {
    case "text":
      return [{ text: node.text, ...marks }];
    case "code":
      return [{ text: node.text, ...marks, inlineCode: true }];
    case "formula":
      return [{ type: "latex", children: [{ text: "" }], content: node.tex }];
    case "break":
      return [{ text: "\n", ...marks }];
    case "strong":
      return runs(node.children, { ...marks, bold: true });
    case "emphasis":
      return runs(node.children, { ...marks, italic: true });
    case "strike":
      return runs(node.children, { ...marks, strikethrough: true });
    case "link":
      return [{ type: "link", url: node.address, children: runs(node.children, marks) }];
    case "image":
      return [{ type: "link", url: node.src, children: [{ text: node.alt || node.src }] }];
  }
}

/** A table as markdown: W&B has no block for it. */
function tableSource(table: Extract<Parsed, { kind: "table" }>): string {
  const row = (cells: Inline[][]) => `| ${cells.map((nodes) => source(nodes).replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = table.align.map((side) => (side ? { left: ":--", right: "--:", center: ":-:" }[side] : "---"));
  return [row(table.head), `| ${rule.join(" | ")} |`, ...table.rows.map(row)].join("\n");
}

/** Markdown of what stands in a table's cell. */
function source(nodes: Inline[]): string {
  const wrap = { strong: "**", emphasis: "*", strike: "~~" };
  return nodes
    .map((node) => {
      if (node.kind === "text") return node.text;
      if (node.kind === "code") return `\`${node.text}\``;
      if (node.kind === "formula") return `$${node.tex}$`;
      if (node.kind === "break") return " ";
      if (node.kind === "image") return `![${node.alt}](${node.src})`;
      if (node.kind === "link") return `[${source(node.children)}](${node.address})`;
      return wrap[node.kind] + source(node.children) + wrap[node.kind];
    })
    .join("");
}

function splitLines(paragraphs: Run[][]): Run[][] {
  const lines: Run[][] = [];
  for (const runs of paragraphs) {
    lines.push([]);
    for (const run of runs) {
      const parts = run.text === undefined ? [run] : run.text.split("\n").map((text) => ({ ...run, text }));
      parts.forEach((part, at) => {
        if (at > 0) lines.push([]);
        if (part.text !== "") lines.at(-1)!.push(part);
      });
    }
  }
  return lines.filter((line, at) => line.length > 0 || at > 0).map((line) => (line.length > 0 ? line : [{ text: "" }]));
}

/** Code, a line of it in each line, as W&B's app writes it. */
export function codeBlock(text: string, language: string | null): Block {
  const named = language || null;
  const children = text.split("\n").map((line) => ({ type: "code-line", children: [{ text: line }], language: named }));
  return { type: "code-block", children, language: named };
}
