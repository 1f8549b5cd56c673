/** The rows of a logged table: read, filtered, sorted. Pure. */
import { isObject, text } from "./media-data";

export interface TableData {
  columns: string[];
  rows: unknown[][];
}

/** Reads W&B's `{columns, data}`; `null` where it is none. */
export function readTable(value: unknown): TableData | null {
  if (!isObject(value) || !Array.isArray(value["columns"]) || !Array.isArray(value["data"])) return null;
  const columns = value["columns"].map(String);
  return { columns, rows: value["data"].filter(Array.isArray) as unknown[][] };
}

/** Whether a cell is a medium, by its `_type`. */
export function isMedium(cell: unknown): cell is Record<string, unknown> {
  return isObject(cell) && typeof cell["_type"] === "string";
}

/** A cell as one line of text. */
export function cellText(cell: unknown): string {
  if (cell == null) return "";
  if (isMedium(cell)) return text(cell["caption"]) || text(cell["path"]) || text(cell["_type"]);
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

const TERM = /^(.+?)(>=|<=|!=|>|<|=|~)(.*)$/;

type Test = (row: unknown[]) => boolean;

/**
 * What a filter asks of a row: words that are anywhere in it, and conditions such
 * as `score>=0.5`, `label=cat`, `text~part`; all of them. Quotes hold spaces together.
 */
export function filterOf(query: string, columns: readonly string[]): Test {
  const tests = (query.match(/(?:"[^"]*"|\S)+/g) ?? []).map((term) => testOf(term.replaceAll('"', ""), columns));
  return (row) => tests.every((test) => test(row));
}

function testOf(term: string, columns: readonly string[]): Test {
  const [, name, sign, wanted] = TERM.exec(term) ?? [];
  const at = name === undefined ? -1 : columns.findIndex((column) => column.toLowerCase() === name.toLowerCase());
  if (at < 0) {
    const word = term.toLowerCase();
    return (row) => row.some((cell) => cellText(cell).toLowerCase().includes(word));
  }
  return (row) => compares(row[at], sign!, wanted!);
}

function compares(cell: unknown, sign: string, wanted: string): boolean {
  const said = cellText(cell).toLowerCase();
  const word = wanted.toLowerCase();
  const [a, b] = [typeof cell === "boolean" || said === "" ? NaN : Number(cell), Number(wanted)];
  const numeric = !Number.isNaN(a) && wanted.trim() !== "" && !Number.isNaN(b);
  switch (sign) {
    case "=":
      return numeric ? a === b : said === word;
    case "!=":
      return numeric ? a !== b : said !== word;
    case "~":
      return said.includes(word);
    case ">":
      return numeric ? a > b : said > word;
    case "<":
      return numeric ? a < b : said < word;
    case ">=":
      return numeric ? a >= b : said >= word;
    default:
      return numeric ? a <= b : said <= word;
  }
}

export interface Order {
  column: number;
  down: boolean;
}

/** The rows in order: numbers before words, both before nothing. The list is not changed. */
export function sorted(rows: readonly unknown[][], order: Order | null): unknown[][] {
  if (!order) return [...rows];
  const { column, down } = order;
  const keyed = rows.map((row) => ({ row, key: keyOf(row[column]) }));
  keyed.sort((a, b) => {
    const [ranked, other] = [a.key, b.key];
    // Nothing comes last in both directions.
    if (ranked.rank === 2 || other.rank === 2) return ranked.rank - other.rank;
    const by = ranked.rank - other.rank || ranked.number - other.number || words.compare(ranked.text, other.text);
    return down ? -by : by;
  });
  return keyed.map(({ row }) => row);
}

const words = new Intl.Collator("en", { numeric: true });

function keyOf(cell: unknown): { rank: number; number: number; text: string } {
  if (typeof cell === "number" && !Number.isNaN(cell)) return { rank: 0, number: cell, text: "" };
  const said = cellText(cell);
  if (said === "" || Number.isNaN(cell)) return { rank: 2, number: 0, text: "" };
  return { rank: 1, number: 0, text: said };
}

/** Comma- or tab-separated text as a table; its first row names the columns. */
export function readDelimited(said: string, by: "," | "\t", rowsMax: number): TableData & { cut: boolean } {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  const endRow = () => {
    row.push(cell);
    if (row.length > 1 || row[0] !== "") rows.push(row);
    [row, cell] = [[], ""];
  };
  for (let at = 0; at < said.length && rows.length <= rowsMax; at += 1) {
    const char = said[at]!;
    if (quoted && char === '"' && said[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (char === '"' && (quoted || cell === "")) quoted = !quoted;
    else if (quoted) cell += char;
    else if (char === by) {
      row.push(cell);
      cell = "";
    } else if (char === "\n") endRow();
    else if (char !== "\r") cell += char;
  }
  if (rows.length <= rowsMax && (cell !== "" || row.length > 0)) endRow();
  const [columns = [], ...data] = rows;
  const cut = data.length >= rowsMax;
  return { columns, rows: data.slice(0, rowsMax).map((cells) => cells.map(numeric)), cut };
}

/** Numbers as numbers, so that they are sorted as such. */
function numeric(cell: string): string | number {
  return /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(cell) && cell.length < 16 ? Number(cell) : cell;
}
