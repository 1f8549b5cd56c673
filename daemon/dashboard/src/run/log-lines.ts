/**
 * The lines of a console, page by page as they are looked at: a log may be too long
 * to be fetched whole before anything is shown. Knows no page of the dashboard.
 */
import type { LogLine, LogPage } from "../api";
import { hits, plainLine } from "../ui/ansi";

/** Lines that are asked for at once. */
export const PAGE_LINES = 1000;
/** Pages that are asked for at once where all of them are wanted: the server reads the whole log for each answer. */
const PAGES_AT_ONCE = 10;

/** Asks for so many lines from one on. */
export type AskLog = (from: number, lines: number, signal: AbortSignal) => Promise<LogPage>;

export class LogLines {
  total = 0;
  /** Whether anything was answered yet. */
  known = false;
  error: unknown = null;
  private pages = new Map<number, LogLine[]>();
  private readonly asked = new Map<number, Promise<void>>();
  private readonly abort = new AbortController();

  constructor(
    private readonly ask: AskLog,
    private readonly onChange: () => void,
  ) {}

  close(): void {
    this.abort.abort();
  }

  /** The line at an index; `undefined`: it is not here yet. */
  at(index: number): LogLine | undefined {
    return this.pages.get(Math.floor(index / PAGE_LINES))?.[index % PAGE_LINES];
  }

  /** Brings the lines of a range here. */
  need(first: number, end: number): void {
    for (let page = Math.floor(first / PAGE_LINES); page * PAGE_LINES < Math.min(end, this.total); page += 1) {
      if (!this.pages.has(page)) void this.fetch(page);
    }
  }

  /** Looks at what is new: the last page that was seen may have grown, or have lines that were written over. */
  async refresh(): Promise<void> {
    const before = Math.max(0, Math.floor((this.total - 1) / PAGE_LINES));
    await this.fetch(before, true);
    const last = Math.max(0, Math.floor((this.total - 1) / PAGE_LINES));
    if (last !== before) await this.fetch(last, true);
  }

  /** Every line, page by page; `null` where one could not be had. */
  async *all(): AsyncGenerator<LogLine[]> {
    for (let page = 0; page * PAGE_LINES < this.total; page += 1) {
      if (!this.pages.has(page)) await this.fetch(page, false, PAGES_AT_ONCE);
      const lines = this.pages.get(page);
      if (!lines) return;
      yield lines;
    }
  }

  private fetch(page: number, anew = false, pages = 1): Promise<void> {
    const running = this.asked.get(page);
    if (running && !anew) return running;
    const run = async () => {
      try {
        const answer = await this.ask(page * PAGE_LINES, PAGE_LINES * pages, this.abort.signal);
        // A run that was begun again has another log.
        if (answer.total < this.total) this.pages = new Map();
        for (let at = 0; at === 0 || at * PAGE_LINES < answer.lines.length; at += 1) {
          this.pages.set(page + at, answer.lines.slice(at * PAGE_LINES, (at + 1) * PAGE_LINES));
        }
        [this.total, this.known, this.error] = [answer.total, true, null];
      } catch (error) {
        if (this.abort.signal.aborted) return;
        this.error = error;
      }
      this.onChange();
    };
    const done = run().finally(() => this.asked.get(page) === done && this.asked.delete(page));
    this.asked.set(page, done);
    return done;
  }
}

/** The indices of the lines that hold a text. */
export function matching(lines: readonly LogLine[], from: number, find: string): number[] {
  return lines.flatMap((line, at) => (hits(plainLine(line.text), find).length > 0 ? [from + at] : []));
}

/** The match to go to from a line: the next, or with `back` the one before; around the end. -1: there is none. */
export function nextMatch(matches: readonly number[], line: number, back: boolean): number {
  if (matches.length === 0) return -1;
  const beyond = matches.findIndex((one) => one > line);
  const next = beyond < 0 ? 0 : beyond;
  if (!back) return next;
  const before = matches.findLastIndex((one) => one < line);
  return before < 0 ? matches.length - 1 : before;
}

/** Of a line's time: hours to milliseconds, in this browser's zone. */
export function clock(us: number): string {
  const date = new Date(us / 1000);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
