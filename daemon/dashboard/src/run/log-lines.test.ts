// @vitest-environment node
import { describe, expect, it, vi } from "vitest";

import type { LogLine } from "../api";
import { LogLines, matching, nextMatch, PAGE_LINES } from "./log-lines";

const line = (n: number, text = `line ${n}`): LogLine => ({ n, text, label: "", stderr: false, time_us: 0 });

function server(count: number) {
  let lines = Array.from({ length: count }, (_, n) => line(n));
  const ask = vi.fn(async (from: number, many: number) => ({ lines: lines.slice(from, from + many), total: lines.length }));
  return { ask, write: (...more: string[]) => void (lines = [...lines, ...more.map((text, at) => line(lines.length + at, text))]), cut: () => void (lines = lines.slice(0, 3)) };
}

describe("the lines of a log", () => {
  it("come as they are looked at", async () => {
    const { ask } = server(10_500);
    const changed = vi.fn();
    const log = new LogLines(ask, changed);
    await log.refresh();
    expect([log.total, log.at(0)?.text, log.at(5000)]).toEqual([10_500, "line 0", undefined]);
    ask.mockClear();
    log.need(4990, 5010);
    log.need(4990, 5010);
    await vi.waitFor(() => expect(log.at(5000)?.text).toBe("line 5000"));
    expect(ask.mock.calls.map(([from]) => from)).toEqual([4000, 5000]);
    log.need(10_490, 99_999);
    await vi.waitFor(() => expect(log.at(10_499)?.text).toBe("line 10499"));
    expect(changed).toHaveBeenCalled();
  });

  it("grow, also beyond a page", async () => {
    const { ask, write, cut } = server(PAGE_LINES - 1);
    const log = new LogLines(ask, () => {});
    await log.refresh();
    write("a", "b", "c");
    await log.refresh();
    expect([log.total, log.at(PAGE_LINES - 1)?.text, log.at(PAGE_LINES + 1)?.text]).toEqual([PAGE_LINES + 2, "a", "c"]);
    cut();
    await log.refresh();
    expect(log.total).toBe(3);
  });

  it("are all there for a search", async () => {
    const { ask } = server(2500);
    const log = new LogLines(ask, () => {});
    await log.refresh();
    const found: number[] = [];
    let from = 0;
    for await (const lines of log.all()) {
      found.push(...matching(lines, from, "LINE 24"));
      from += lines.length;
    }
    expect([found.length, found[0], found.at(-1)]).toEqual([1 + 10 + 100, 24, 2499]);
  });

  it("say why they do not come, and come again", async () => {
    let down = true;
    const log = new LogLines(async () => {
      if (down) throw new Error("away");
      return { lines: [line(0)], total: 1 };
    }, () => {});
    await log.refresh();
    expect([log.known, (log.error as Error).message]).toEqual([false, "away"]);
    down = false;
    await log.refresh();
    expect([log.known, log.error]).toEqual([true, null]);
  });
});

describe("next and previous", () => {
  it.each([
    [0, false, 0],
    [10, false, 2],
    [30, false, 0],
    [30, true, 1],
    [5, true, 2],
    [31, true, 2],
  ])("from %d, back: %s", (from, back, at) => expect(nextMatch([5, 10, 30], from, back)).toBe(at));
  it("where there is none", () => expect(nextMatch([], 3, false)).toBe(-1));
});
