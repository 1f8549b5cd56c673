/** The words of the filter box's form for people. Pure. */

/** What is wrong with a filter, and at which character. */
export class FilterError extends Error {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Token {
  kind: "word" | "sign" | "text" | "number";
  /** As written. */
  text: string;
  /** What it stands for as a value. */
  value: unknown;
  at: number;
  /** Whether it stood in backquotes: a field, whatever it is called. */
  quoted?: boolean;
}

const SIGN = /^(==|!=|<=|>=|!~|[=<>~(),])/;
const WORD = /^[^\s"'`=<>~!(),]+/;
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const WORDS: Record<string, unknown> = { true: true, false: false, null: null, none: null };

/** The tokens of a text. Throws `FilterError`. */
export function tokens(text: string): Token[] {
  const all: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    if (/^\s/.test(rest)) {
      at += 1;
      continue;
    }
    const token = /^["'`]/.test(rest) ? quoted(text, at) : plain(rest, at);
    all.push(token.token);
    at = token.end;
  }
  return all;
}

function plain(rest: string, at: number): { token: Token; end: number } {
  const sign = SIGN.exec(rest)?.[0];
  if (sign) return { token: { kind: "sign", text: sign, value: sign, at }, end: at + sign.length };
  const word = WORD.exec(rest)?.[0];
  if (!word) throw new FilterError(at, `${rest[0]} has no meaning here`);
  const end = at + word.length;
  if (NUMBER.test(word)) return { token: { kind: "number", text: word, value: Number(word), at }, end };
  const lower = word.toLowerCase();
  const value = Object.hasOwn(WORDS, lower) ? WORDS[lower] : word;
  return { token: { kind: "word", text: word, value, at }, end };
}

function quoted(text: string, at: number): { token: Token; end: number } {
  const mark = text[at]!;
  let value = "";
  let next = at + 1;
  for (; next < text.length && text[next] !== mark; next += 1) {
    // A backslash that is before anything but the mark or itself is the pattern's own: "\d+".
    if (text[next] === "\\" && (text[next + 1] === mark || text[next + 1] === "\\")) next += 1;
    value += text[next];
  }
  if (next >= text.length) throw new FilterError(at, `the text that begins here is not closed by ${mark}`);
  const field = mark === "`";
  const token: Token = { kind: field ? "word" : "text", text: field ? value : text.slice(at, next + 1), value, at };
  return { token: field ? { ...token, quoted: true } : token, end: next + 1 };
}
