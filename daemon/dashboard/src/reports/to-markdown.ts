/** Blocks of text as the markdown in which people edit them. Pure. */
import { levelOf, type Block, type Run } from "./blocks";

/** The markdown of a block; what has none is an empty text. */
export function toMarkdown(block: Block): string {
  switch (block.type) {
    case "heading":
      return `${"#".repeat(levelOf(block))} ${inline(block.children).replaceAll("\n", " ")}`.trimEnd();
    case "paragraph":
    case "default":
      return guarded(inline(block.children));
    case "list":
      return list(block.children ?? [], "", block.ordered);
    case "block-quote":
      return quoted(inline(block.children));
    case "callout-block":
      return quoted(`[!NOTE]\n${(block.children ?? []).map((line) => inline(line.children)).join("\n")}`);
    case "horizontal-rule":
      return "---";
    case "markdown-block":
    case "latex":
      return block.content ?? "";
    case "code-block":
      return (block.children ?? []).map((line) => words(line.children)).join("\n");
    default:
      return "";
  }
}

/** The text of a code block. */
function words(runs: Run[] | undefined): string {
  return (runs ?? []).map((run) => run.text ?? words(run.children)).join("");
}

/** Runs of text with their marks. */
export function inline(runs: Run[] | undefined): string {
  return (runs ?? []).map(one).join("");
}

function one(run: Run): string {
  if (run.type === "latex") return `$${run.content ?? ""}$`;
  if (run.type === "link") return `[${inline(run.children)}](${address(run.url ?? "")})`;
  if (run.text === undefined) return inline(run.children);
  if (run.text === "") return "";
  if (run.inlineCode) return code(run.text);
  return marked(run);
}

/** Marks stand beside the words, not beside the spaces around them, where they would be none. */
function marked(run: Run): string {
  const [, before, text, after] = /^(\s*)(.*?)(\s*)$/s.exec(run.text ?? "") as unknown as string[];
  if (!text) return run.text ?? "";
  let said = escaped(text);
  if (run.strikethrough) said = `~~${said}~~`;
  if (run.italic || run.emphasis) said = `*${said}*`;
  if (run.bold || run.strong) said = `**${said}**`;
  return before + said + after;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\`*_~[\]<$]/g, "\\$&").replaceAll(/&(?=\w+;|#)/g, "\\&");
}

function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map((found) => found[0].length));
  const fence = "`".repeat(longest + 1);
  const space = text.startsWith("`") || text.endsWith("`") || (text.startsWith(" ") && text.endsWith(" ") && text.trim() !== "") ? " " : "";
  return fence + space + text + space + fence;
}

function address(url: string): string {
  return /[\s()<>]/.test(url) ? url.replaceAll(/[\s()<>]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`) : url;
}

function quoted(text: string): string {
  return text.split("\n").map((line) => `> ${line}`.trimEnd()).join("\n");
}

/** What would begin another block at the start of a line is kept as text. */
function guarded(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/^(\s{0,3})([#>+-]|={3,})(?=\s|[-=#>]|$)/, "$1\\$2").replace(/^(\s{0,3}\d{1,9})([.)])(?=\s|$)/, "$1\\$2"))
    .join("\n");
}

function list(items: Run[], indent: string, ordered: boolean | undefined): string {
  return items.map((item, at) => listItem(item, at, indent, ordered)).join("\n");
}

function listItem(item: Run, at: number, indent: string, ordered: boolean | undefined): string {
  const mark = (item.ordered ?? ordered) ? `${at + 1}. ` : "- ";
  const task = item.checked === undefined ? "" : item.checked ? "[x] " : "[ ] ";
  const inside = indent + " ".repeat(mark.length);
  const text: Run[] = [];
  const below: string[] = [];
  for (const child of item.children ?? []) {
    if (child.type === "list") below.push(list(child.children ?? [], inside, child.ordered));
    else text.push(child);
  }
  const said = guarded(inline(text)).replaceAll("\n", `\n${inside}`);
  return [`${indent}${mark}${task}${said}`, ...below].join("\n");
}
