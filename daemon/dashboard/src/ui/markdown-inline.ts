/**
 * Text within a block of markdown: emphasis, code, links, images. Pure; takes
 * time in proportion to the text, whatever is in it. HTML is text.
 */
import { safeLink, type SafeLink } from "./safe-url";

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "break" }
  | { kind: "strong" | "emphasis" | "strike"; children: Inline[]; depth: number }
  | { kind: "link"; to: SafeLink | null; address: string; title: string; children: Inline[]; depth: number }
  | { kind: "image"; src: string; alt: string }
  | { kind: "formula"; tex: string; display: boolean };

/** Addresses that are defined apart, by name: `[name]: https://…`. */
export type Definitions = Map<string, { address: string; title: string }>;

/** Deeper nesting stays as it was written. */
const DEPTH_MAX = 24;
/** Characters of addresses that are looked through at most, in one text. */
const SCAN_MAX = 4_000_000;

interface Mark {
  count: number;
  index: number;
  node: { kind: "text"; text: string };
}

interface Bracket {
  index: number;
  image: boolean;
  /** Where its text begins. */
  at: number;
  /** How many marks were open before it. */
  marks: Record<string, number>;
}

const PLAIN = /[^\\`*_~[\]!<&\nh$]+/y;
const BARE = /https?:\/\/[^\s<>"'`]{1,2000}/y;
const ANGLED = /<(https?:\/\/[^\s<>]{1,2000})>/y;
const ENTITY = /&(amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#x[0-9a-f]{1,6});/iy;
/** `$$…$$`, and `$…$` close to what it says: two prices are none. */
const FORMULA = /\$\$([^$]{1,4000})\$\$|\$(?=[^\s$])((?:\\[^\n]|[^$\\\n]){1,2000})(?<=\S)\$(?!\d)/y;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** What a text says. */
export function parseInline(text: string, definitions: Definitions = new Map()): Inline[] {
  return new Scanner(text, definitions).all();
}

/** The words alone. */
export function plain(nodes: Inline[]): string {
  return nodes.map((node) => ("children" in node ? plain(node.children) : "text" in node ? node.text : "alt" in node ? node.alt : "tex" in node ? node.tex : " ")).join("");
}

class Scanner {
  private at = 0;
  private out: Inline[] = [];
  private readonly marks: Record<string, Mark[]> = { "*": [], _: [], "~": [] };
  private brackets: Bracket[] = [];
  private left = SCAN_MAX;
  private readonly ticks: Map<number, number[]>;
  private readonly pairs: Set<number>;

  constructor(
    private readonly text: string,
    private readonly definitions: Definitions,
  ) {
    this.ticks = tickRuns(text);
    this.pairs = pairsOf(text, definitions.size > 0);
  }

  all(): Inline[] {
    while (this.at < this.text.length) this.step();
    return joined(this.out);
  }

  private step(): void {
    const run = this.match(PLAIN);
    if (run) return this.say(run[0]);
    const char = this.text[this.at]!;
    if (char === "\\") return this.escape();
    if (char === "\n") return this.newline();
    if (char === "`") return this.code();
    if (char === "$" && this.formula()) return;
    if (char === "*" || char === "_" || char === "~") return this.mark(char);
    if (char === "!" && this.text[this.at + 1] === "[" && this.opens(this.at + 1)) return this.open(true);
    if (char === "[" && this.opens(this.at)) return this.open(false);
    if (char === "]" && this.brackets.length > 0 && this.pairs.has(-this.at)) return this.close();
    if (char === "h" && this.bare()) return;
    if (char === "<") return this.angled();
    if (char === "&") return this.entity();
    this.at += 1;
    this.say(char);
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  private say(text: string): void {
    this.out.push({ kind: "text", text });
  }

  private escape(): void {
    const next = this.text[this.at + 1];
    if (next === "\n") {
      this.at += 2;
      this.out.push({ kind: "break" });
    } else if (next !== undefined && /[!-/:-@[-`{-~]/.test(next)) {
      this.at += 2;
      this.say(next);
    } else {
      this.at += 1;
      this.say("\\");
    }
  }

  private newline(): void {
    const before = this.out[this.out.length - 1];
    const hard = before?.kind === "text" && before.text.endsWith("  ");
    if (before?.kind === "text") before.text = before.text.trimEnd();
    this.at += 1;
    while (this.text[this.at] === " ") this.at += 1;
    this.out.push(hard ? { kind: "break" } : { kind: "text", text: "\n" });
  }

  private code(): void {
    const begin = this.at;
    let length = 1;
    while (this.text[begin + length] === "`") length += 1;
    const runs = this.ticks.get(length) ?? [];
    while (runs.length > 0 && runs[runs.length - 1]! < begin + length) runs.pop();
    const end = runs[runs.length - 1];
    this.at = begin + length;
    if (end === undefined) return this.say("`".repeat(length));
    const said = this.text.slice(begin + length, end).replaceAll("\n", " ");
    const padded = said.startsWith(" ") && said.endsWith(" ") && said.trim() !== "";
    this.out.push({ kind: "code", text: padded ? said.slice(1, -1) : said });
    this.at = end + length;
  }

  private formula(): boolean {
    const found = this.match(FORMULA);
    if (found) this.out.push({ kind: "formula", tex: (found[1] ?? found[2]!).trim(), display: found[1] !== undefined });
    return found !== null;
  }

  private mark(char: string): void {
    const begin = this.at;
    while (this.text[this.at] === char) this.at += 1;
    let count = this.at - begin;
    const { opens, closes } = sides(this.text, char, begin, this.at);
    if (char === "~" && count > 2) return this.say(char.repeat(count));
    if (closes) count = this.wrap(char, count);
    if (count === 0) return;
    const node = { kind: "text" as const, text: char.repeat(count) };
    if (opens) this.marks[char]!.push({ count, index: this.out.length, node });
    this.out.push(node);
  }

  /** Closes what is open by a run of marks: how many of them are left. */
  private wrap(char: string, count: number): number {
    const open = this.marks[char]!;
    const floor = this.brackets[this.brackets.length - 1]?.marks[char] ?? 0;
    while (count > 0 && open.length > floor) {
      const opener = open[open.length - 1]!;
      if (char === "~" && opener.count !== count) break;
      const used = char === "~" ? count : Math.min(2, opener.count, count);
      const children = joined(this.out.splice(opener.index + 1));
      const depth = deepest(children) + 1;
      this.forget(opener.index);
      if (depth > DEPTH_MAX || children.length === 0) {
        children.forEach((child) => this.out.push(child));
        // None that is open would do better; looking at them again and again would take time.
        for (const marks of Object.values(this.marks)) marks.length = 0;
        return count;
      }
      opener.count -= used;
      count -= used;
      opener.node.text = char.repeat(opener.count);
      if (opener.count === 0) {
        this.out.pop();
        open.pop();
      }
      const kind = char === "~" ? "strike" : used === 2 ? "strong" : "emphasis";
      this.out.push({ kind, children, depth });
    }
    return count;
  }

  /** Marks behind a place cannot be closed any more. */
  private forget(index: number): void {
    for (const open of Object.values(this.marks)) {
      while (open.length > 0 && open[open.length - 1]!.index > index) open.pop();
    }
  }

  private opens(at: number): boolean {
    return this.pairs.has(at) && this.brackets.length < DEPTH_MAX;
  }

  private open(image: boolean): void {
    this.at += image ? 2 : 1;
    const marks = Object.fromEntries(Object.entries(this.marks).map(([char, open]) => [char, open.length]));
    this.brackets.push({ index: this.out.length, image, at: this.at, marks });
    this.say(image ? "![" : "[");
  }

  private close(): void {
    const bracket = this.brackets.pop()!;
    const said = this.text.slice(bracket.at, Math.min(this.at, bracket.at + 1000));
    this.at += 1;
    const to = this.address() ?? this.reference(said);
    if (!to) return this.say("]");
    const children = unlinked(joined(this.out.splice(bracket.index).slice(1)));
    this.forget(bracket.index - 1);
    if (bracket.image) {
      this.out.push({ kind: "image", src: to.address, alt: plain(children) });
      return;
    }
    const depth = deepest(children) + 1;
    this.out.push({ kind: "link", to: safeLink(to.address), ...to, children, depth });
  }

  /** `(address "title")` behind a bracket. */
  private address(): { address: string; title: string } | null {
    if (this.text[this.at] !== "(" || this.left <= 0) return null;
    const angled = this.text[this.at + 1] === "<";
    let end = this.at + (angled ? 2 : 1);
    const begin = end;
    for (let depth = 0; end < this.text.length; end += 1) {
      const char = this.text[end]!;
      if (angled ? char === ">" || char === "\n" : /\s/.test(char)) break;
      if (!angled && char === "(") depth += 1;
      if (!angled && char === ")" && depth-- === 0) break;
      if (char === "\\") end += 1;
    }
    this.left -= end - begin;
    const address = this.text.slice(begin, end).replace(/\\([!-/:-@[-`{-~])/g, "$1");
    const rest = /\s{0,20}(?:"([^"]{0,500})"|'([^']{0,500})')?\s{0,20}\)/y;
    rest.lastIndex = angled ? end + 1 : end;
    const found = rest.exec(this.text);
    if (!found) return null;
    this.at = rest.lastIndex;
    return { address, title: found[1] ?? found[2] ?? "" };
  }

  /** `[name]` behind a bracket, or the bracket itself as the name. */
  private reference(said: string): { address: string; title: string } | null {
    if (this.definitions.size === 0) return null;
    const name = /\[([^\]]{0,200})\]/y;
    name.lastIndex = this.at;
    const found = name.exec(this.text);
    const known = this.definitions.get((found?.[1] || said).trim().toLowerCase());
    if (known && found) this.at = name.lastIndex;
    return known ?? null;
  }

  private bare(): boolean {
    if (/[\p{L}\p{N}_]/u.test(this.text[this.at - 1] ?? "")) return false;
    const begin = this.at;
    const found = this.match(BARE);
    if (!found) return false;
    let address = found[0].replace(/[.,:;!?*_~\]]{1,20}$/, "");
    if (address.endsWith(")") && !address.includes("(")) address = address.slice(0, -1);
    this.at = begin + address.length;
    this.link(address);
    return true;
  }

  private angled(): void {
    const found = this.match(ANGLED);
    if (found) return this.link(found[1]!);
    this.at += 1;
    this.say("<");
  }

  private link(address: string): void {
    const children: Inline[] = [{ kind: "text", text: address }];
    this.out.push({ kind: "link", to: safeLink(address), address, title: "", children, depth: 1 });
  }

  private entity(): void {
    const found = this.match(ENTITY);
    if (!found) {
      this.at += 1;
      return this.say("&");
    }
    const name = found[1]!.toLowerCase();
    const code = name.startsWith("#x") ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    this.say(NAMED[name] ?? (code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd"));
  }
}

/** Where runs of backticks begin, by their length, the first one last. */
function tickRuns(text: string): Map<number, number[]> {
  const runs = new Map<number, number[]>();
  for (const found of text.matchAll(/`+/g)) {
    const same = runs.get(found[0].length);
    if (same) same.push(found.index);
    else runs.set(found[0].length, [found.index]);
  }
  for (const same of runs.values()) same.reverse();
  return runs;
}

/** Brackets that may make a link: where they open, and, as negative numbers, where they close. */
function pairsOf(text: string, named: boolean): Set<number> {
  const open: number[] = [];
  const pairs = new Set<number>();
  for (const found of text.matchAll(/\\[^\n]|[[\]]/g)) {
    if (found[0] === "[") open.push(found.index);
    if (found[0] !== "]") continue;
    const begin = open.pop();
    if (begin === undefined || !(named || text[found.index + 1] === "(")) continue;
    pairs.add(begin).add(-found.index);
  }
  return pairs;
}

/** Whether a run of marks may open, and may close, by what is beside it. */
function sides(text: string, char: string, begin: number, end: number): { opens: boolean; closes: boolean } {
  const before = text[begin - 1] ?? " ";
  const after = text[end] ?? " ";
  const [spaceBefore, spaceAfter] = [/\s/.test(before), /\s/.test(after)];
  const [markBefore, markAfter] = [PUNCTUATION.test(before), PUNCTUATION.test(after)];
  const left = !spaceAfter && (!markAfter || spaceBefore || markBefore);
  const right = !spaceBefore && (!markBefore || spaceAfter || markAfter);
  if (char !== "_") return { opens: left, closes: right };
  return { opens: left && (!right || markBefore), closes: right && (!left || markAfter) };
}

function deepest(nodes: Inline[]): number {
  return nodes.reduce((most, node) => ("depth" in node ? Math.max(most, node.depth) : most), 0);
}

/** A link holds no other link: theirs are shown as text. */
function unlinked(nodes: Inline[]): Inline[] {
  return joined(nodes.flatMap((node) => (node.kind === "link" ? node.children : [node])));
}

/** Neighbouring texts as one. */
function joined(nodes: Inline[]): Inline[] {
  const out: Inline[] = [];
  let words: string[] = [];
  const flush = () => {
    const text = words.join("");
    if (text) out.push({ kind: "text", text });
    words = [];
  };
  for (const node of nodes) {
    if (node.kind === "text") words.push(node.text);
    else {
      flush();
      out.push(node);
    }
  }
  flush();
  return out;
}
