/** Markdown as W&B's blocks: what people wrote in the editor. Pure. */
import type { Inline } from "../ui/markdown-inline";
import { parse, type Block as Parsed, type Item } from "../ui/markdown-parse";
import { TEXTS, type Block, type Run } from "./blocks";

/** Marks where a formula stood while the rest is read: no letters of any script. */
const OPEN = "\ue000";
const CLOSE = "\ue001";
const FORMULA = new RegExp(`${OPEN}(\\d+)${CLOSE}`);

/** The blocks of a text. */
export function fromMarkdown(text: string): Block[] {
  const reader = new Reader();
  const kept = reader.keepFormulas(text.replaceAll(/[\ue000\ue001]/g, ""));
  return parse(kept).blocks.flatMap((block) => reader.block(block));
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

class Reader {
  private readonly formulas: string[] = [];

  /** Takes `$…$` and `$$…$$` out, which markdown would read as marks; not out of code. */
  keepFormulas(text: string): string {
    const pattern = /(^ {0,3}(`{3,}|~{3,})[\s\S]*?(?:^ {0,3}\2[`~]*[ \t]*$|$(?![\s\S])))|(`+)(?!`)[\s\S]*?[^`]\3(?!`)|\\[\s\S]|\$\$([\s\S]+?)\$\$|\$(?=[^\s$])([^$\n]*[^\s$\\])\$(?!\d)/gm;
    return text.replaceAll(pattern, (all: string, _fenced, _fence, _ticks, display?: string, within?: string) => {
      if (display === undefined && within === undefined) return all;
      this.formulas.push(display?.trim() ?? within!);
      const mark = `${OPEN}${this.formulas.length - 1}${CLOSE}`;
      return display === undefined ? mark : `\n\n${mark}\n\n`;
    });
  }

  block(block: Parsed): Block[] {
    switch (block.kind) {
      case "heading":
        return [{ type: "heading", children: this.runs(block.children), level: Math.min(3, block.level) }];
      case "paragraph":
        return this.paragraph(block.children);
      case "code":
        return [codeBlock(this.restored(block.text), block.language)];
      case "quote":
        return [this.quote(block.blocks)];
      case "list":
        return [{ type: "list", children: this.items(block.items, block.ordered), ...(block.ordered && { ordered: true }) }];
      case "table":
        return [{ type: "markdown-block", children: [{ text: "" }], content: this.table(block) }];
      case "rule":
        return [{ type: "horizontal-rule", children: [{ text: "" }] }];
    }
  }

  private paragraph(inline: Inline[]): Block[] {
    const [first] = inline;
    if (inline.length === 1 && first?.kind === "image") {
      return [{ type: "image", children: [{ text: first.alt }], url: first.src, hasCaption: first.alt !== "" }];
    }
    if (inline.length === 1 && first?.kind === "text") {
      const formula = new RegExp(`^${FORMULA.source}$`).exec(first.text.trim());
      const alone = formula && this.formulas[Number(formula[1])];
      if (alone != null) return [{ type: "latex", children: [{ text: "" }], content: alone, block: true }];
    }
    return [{ type: "paragraph", children: this.runs(inline) }];
  }

  private quote(blocks: Parsed[]): Block {
    const lines = blocks.map((block) => ("children" in block ? this.runs(block.children) : this.block(block).flatMap((one) => one.children ?? [])));
    const first = lines[0]?.[0];
    const callout = /^\[!\w+\]\s*/.exec(first?.text ?? "");
    if (callout && first?.text !== undefined) {
      first.text = first.text.slice(callout[0].length);
      return { type: "callout-block", children: splitLines(lines).map((children) => ({ type: "callout-line", children })) };
    }
    return { type: "block-quote", children: lines.flatMap((line, at) => (at === 0 ? line : [{ text: "\n" }, ...line])) };
  }

  private items(items: Item[], ordered: boolean): Run[] {
    return items.map((item) => ({
      type: "list-item",
      children: this.inItem(item.blocks),
      ...(ordered && { ordered: true }),
      ...(item.done !== null && { checked: item.done }),
    }));
  }

  private inItem(blocks: Parsed[]): Run[] {
    const found = blocks.flatMap((block) => this.block(block)).map((block) => (block.type === "list" ? block : { type: "paragraph", children: block.children ?? [] }));
    return (found.length > 0 ? found : [{ type: "paragraph", children: [{ text: "" }] }]) as Run[];
  }

  /** Runs with their marks; W&B puts a run around every link and formula, if only an empty one. */
  private runs(nodes: Inline[], marks: Run = {}): Run[] {
    const runs = nodes.flatMap((node) => this.run(node, marks));
    return runs.length > 0 ? runs : [{ text: "" }];
  }

  private run(node: Inline, marks: Run): Run[] {
    switch (node.kind) {
      case "text":
        return this.text(node.text, marks);
      case "code":
        return [{ text: this.restored(node.text), ...marks, inlineCode: true }];
      case "break":
        return [{ text: "\n", ...marks }];
      case "strong":
        return this.runs(node.children, { ...marks, bold: true });
      case "emphasis":
        return this.runs(node.children, { ...marks, italic: true });
      case "strike":
        return this.runs(node.children, { ...marks, strikethrough: true });
      case "link":
        return [{ type: "link", url: node.address, children: this.runs(node.children, marks) }];
      case "image":
        return [{ type: "link", url: node.src, children: [{ text: node.alt || node.src }] }];
    }
  }

  private text(text: string, marks: Run): Run[] {
    const parts = text.split(new RegExp(FORMULA, "g"));
    return parts.flatMap((part, at): Run[] => {
      if (at % 2 === 1) return [{ type: "latex", children: [{ text: "" }], content: this.formulas[Number(part)] ?? "" }];
      return part === "" ? [] : [{ text: part, ...marks }];
    });
  }

  /** A text in which formulas are the signs that they were written with. */
  private restored(text: string): string {
    return text.replaceAll(new RegExp(FORMULA, "g"), (_, at: string) => `$${this.formulas[Number(at)] ?? ""}$`);
  }

  private table(table: Extract<Parsed, { kind: "table" }>): string {
    const cell = (nodes: Inline[]) => this.restored(source(nodes)).replaceAll("|", "\\|");
    const row = (cells: Inline[][]) => `| ${cells.map(cell).join(" | ")} |`;
    const rule = table.align.map((side) => ({ left: ":--", right: "--:", center: ":-:" })[side ?? "left"] ?? "---");
    return [row(table.head), `| ${table.align.map((side, at) => (side ? rule[at] : "---")).join(" | ")} |`, ...table.rows.map(row)].join("\n");
  }
}

/** Markdown of what stands in a table's cell. */
function source(nodes: Inline[]): string {
  const wrap = { strong: "**", emphasis: "*", strike: "~~" };
  return nodes
    .map((node) => {
      if (node.kind === "text") return node.text;
      if (node.kind === "code") return `\`${node.text}\``;
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
