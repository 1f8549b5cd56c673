/** Code in its colours, for the languages of experiments: words of it with their kinds. Pure. */

export type Kind = "plain" | "word" | "text" | "number" | "comment" | "name";

export interface Token {
  kind: Kind;
  text: string;
}

interface Language {
  words: Set<string>;
  /** What begins a comment that lasts for the line. */
  comment: string;
  /** Texts over several lines, as Python has them. */
  triple: boolean;
}

const words = (text: string) => new Set(text.split(" "));

const PYTHON: Language = {
  words: words(
    "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield match case self",
  ),
  comment: "#",
  triple: true,
};
const SHELL: Language = {
  words: words("if then else elif fi for in do done while until case esac function export local return set source echo cd exit"),
  comment: "#",
  triple: false,
};
const SCRIPT: Language = {
  words: words(
    "const let var function return if else for while do switch case break continue new class extends import export from as default try catch finally throw async await typeof instanceof in of null undefined true false this",
  ),
  comment: "//",
  triple: false,
};
const DATA: Language = { words: words("true false null"), comment: "\0", triple: false };
const YAML: Language = { words: words("true false null yes no"), comment: "#", triple: false };

const LANGUAGES: Record<string, Language> = {
  python: PYTHON,
  py: PYTHON,
  json: DATA,
  yaml: YAML,
  bash: SHELL,
  sh: SHELL,
  shell: SHELL,
  javascript: SCRIPT,
  js: SCRIPT,
  typescript: SCRIPT,
  ts: SCRIPT,
};

/** Longer code is shown without colours. */
const LONGEST = 200_000;

/** The tokens of a code, which say all of it. */
export function tokens(code: string, name: string | null | undefined): Token[] {
  const language = LANGUAGES[(name ?? "").toLowerCase()];
  if (!language || code.length > LONGEST) return [{ kind: "plain", text: code }];
  const found: Token[] = [];
  let at = 0;
  while (at < code.length) {
    const token = next(code, at, language);
    const last = found.at(-1);
    if (token.kind === "plain" && last?.kind === "plain") last.text += token.text;
    else found.push(token);
    at += token.text.length;
  }
  return found;
}

const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const NUMBER = /0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?/y;

function next(code: string, at: number, language: Language): Token {
  const char = code[at]!;
  if (code.startsWith(language.comment, at)) return { kind: "comment", text: code.slice(at, lineEnd(code, at)) };
  if (char === '"' || char === "'" || (char === "`" && language === SCRIPT)) return { kind: "text", text: code.slice(at, textEnd(code, at, language)) };
  const word = matched(WORD, code, at);
  if (word) {
    const called = code[at + word.length] === "(";
    return { kind: language.words.has(word) ? "word" : called ? "name" : "plain", text: word };
  }
  const number = matched(NUMBER, code, at);
  return number ? { kind: "number", text: number } : { kind: "plain", text: char };
}

function matched(pattern: RegExp, code: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(code)?.[0];
}

function lineEnd(code: string, at: number): number {
  const end = code.indexOf("\n", at);
  return end < 0 ? code.length : end;
}

function textEnd(code: string, begin: number, language: Language): number {
  const quote = code[begin]!;
  const mark = language.triple && code.startsWith(quote.repeat(3), begin) ? quote.repeat(3) : quote;
  for (let at = begin + mark.length; at < code.length; at += 1) {
    if (code[at] === "\\") at += 1;
    else if (code.startsWith(mark, at)) return at + mark.length;
    else if (code[at] === "\n" && mark.length === 1 && quote !== "`") return at;
  }
  return code.length;
}
