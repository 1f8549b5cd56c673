/**
 * The language of the filter box: W&B's filters in Mongo's form, or a form for people,
 * `state = finished and config.lr > 0.01 and name ~ "resnet"`, which becomes the former. Pure.
 */
import { tokens, FilterError, type Token } from "./tokens";

export { FilterError } from "./tokens";

export type Mongo = { [key: string]: unknown };

/** Fields that runs have themselves, and what W&B calls them. */
const FIELDS: Record<string, string> = {
  name: "display_name",
  display_name: "display_name",
  id: "name",
  state: "state",
  tag: "tags",
  tags: "tags",
  group: "group",
  job_type: "jobType",
  notes: "notes",
  user: "username",
  created: "createdAt",
  updated: "updatedAt",
  duration: "duration",
};

const PREFIXES: Record<string, string> = { config: "config", summary: "summary_metrics", summary_metrics: "summary_metrics" };

const OPERATORS: Record<string, string> = { "!=": "$ne", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte" };

/** The filter that a text says; `null` where it says nothing. Throws `FilterError`. */
export function parseFilter(text: string): Mongo | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (trimmed.startsWith("{")) return asMongo(text);
  const parser = new Parser(tokens(text), text.length);
  const found = parser.any();
  parser.end();
  return found;
}

/** W&B's name of a field, as filters say it; `undefined` where runs have no such field. */
export function mongoField(name: string): string | undefined {
  if (Object.hasOwn(FIELDS, name)) return FIELDS[name];
  const dot = name.indexOf(".");
  const prefix = PREFIXES[name.slice(0, Math.max(dot, 0))];
  return prefix && dot < name.length - 1 ? prefix + name.slice(dot) : undefined;
}

function asMongo(text: string): Mongo {
  try {
    return JSON.parse(text) as Mongo;
  } catch (error) {
    const said = (error as Error).message;
    const at = Number(/position (\d+)/.exec(said)?.[1] ?? text.length);
    throw new FilterError(at, `this begins like JSON and is none: ${said.replace(/ \(line.*\)$/, "")}`);
  }
}

class Parser {
  private next = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly length: number,
  ) {}

  any(): Mongo {
    const all = [this.every()];
    while (this.word("or")) all.push(this.every());
    return all.length === 1 ? all[0]! : { $or: all };
  }

  end(): void {
    const token = this.tokens[this.next];
    if (token) throw new FilterError(token.at, `“and” or “or” is missing before ${token.text}`);
  }

  private every(): Mongo {
    const all = [this.one()];
    while (this.word("and")) all.push(this.one());
    return all.length === 1 ? all[0]! : { $and: all };
  }

  private one(): Mongo {
    if (this.word("not")) return { $nor: [this.one()] };
    if (!this.sign("(")) return this.condition();
    const open = this.tokens[this.next - 1]!;
    const inside = this.any();
    if (!this.sign(")")) throw new FilterError(open.at, "this bracket is not closed");
    return inside;
  }

  private condition(): Mongo {
    const token = this.take("a field such as state, name or config.lr");
    if (token.kind !== "word") throw new FilterError(token.at, `a field is needed here, not ${token.text}`);
    const field = mongoField(token.text);
    if (!field) throw new FilterError(token.at, unknown(token.text));
    if (this.word("exists")) return { [field]: { $exists: true } };
    if (this.word("in")) return { [field]: { $in: this.list() } };
    if (this.word("not")) {
      if (!this.word("in")) throw new FilterError(this.place(), "after “not” comes “in (…)” here");
      return { [field]: { $nin: this.list() } };
    }
    return this.compared(field);
  }

  private compared(field: string): Mongo {
    const operator = this.take("=, !=, <, <=, >, >=, ~, !~, in or exists");
    const { text } = operator;
    if (operator.kind !== "sign" || text === "(" || text === ")" || text === ",") {
      throw new FilterError(operator.at, `=, !=, <, <=, >, >=, ~, !~, in or exists is needed before ${text}`);
    }
    const value = this.value();
    if (text === "=" || text === "==") return { [field]: value };
    if (text === "~" || text === "!~") {
      const pattern = { $regex: String(value), $options: "i" };
      return { [field]: text === "~" ? pattern : { $not: pattern } };
    }
    return { [field]: { [OPERATORS[text]!]: value } };
  }

  private list(): unknown[] {
    if (!this.sign("(")) throw new FilterError(this.place(), "after “in” comes a list: in (1, 2)");
    const all = [this.value()];
    while (this.sign(",")) all.push(this.value());
    if (!this.sign(")")) throw new FilterError(this.place(), "the list is not closed by )");
    return all;
  }

  private value(): unknown {
    const token = this.take("a value");
    if (token.kind === "sign") throw new FilterError(token.at, `a value is needed here, not ${token.text}`);
    return token.value;
  }

  private take(wanted: string): Token {
    const token = this.tokens[this.next];
    if (!token) throw new FilterError(this.length, `something is missing at the end: ${wanted}`);
    this.next += 1;
    return token;
  }

  private place(): number {
    return this.tokens[this.next]?.at ?? this.length;
  }

  private word(text: string): boolean {
    const token = this.tokens[this.next];
    if (token?.kind !== "word" || token.quoted || token.text.toLowerCase() !== text) return false;
    this.next += 1;
    return true;
  }

  private sign(text: string): boolean {
    const token = this.tokens[this.next];
    if (token?.kind !== "sign" || token.text !== text) return false;
    this.next += 1;
    return true;
  }
}

function unknown(name: string): string {
  return `runs have no field ${name}; say config.${name} or summary.${name}, or one of ${Object.keys(FIELDS).join(", ")}`;
}

/** Both filters at once. */
export function both(...filters: (Mongo | null)[]): Mongo | null {
  const said = filters.filter((one) => one !== null);
  return said.length > 1 ? { $and: said } : (said[0] ?? null);
}

/** Runs whose name, or id, a text is part of; as a regular expression where it is one. */
export function byName(text: string): Mongo | null {
  if (text.trim() === "") return null;
  const pattern = { $regex: isRegex(text) ? text : text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"), $options: "i" };
  return { $or: [{ display_name: pattern }, { name: pattern }] };
}

function isRegex(text: string): boolean {
  try {
    return Boolean(new RegExp(text));
  } catch {
    return false;
  }
}
