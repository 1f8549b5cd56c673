import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { AskSeries, SeriesView } from "../api";
import { parts } from "./ask";
import { Held, held, markHeld } from "./held";

const WANT = { entity: "e", project: "p", keys: ["loss"], x: "step" as const, from: null, to: null, buckets: 100, system: false };

let asked: AskSeries[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
    const ask = JSON.parse(String(init.body)) as AskSeries;
    asked.push(ask);
    const series = ask.runs.flatMap((run) => ask.keys.map((key): SeriesView => ({ run, key, x: [0], y: [asked.length], points: 1 })));
    return Promise.resolve(Response.json({ series }));
  });
});
afterEach(() => vi.unstubAllGlobals());

const until = (what: () => boolean) => vi.waitFor(() => expect(what()).toBe(true));

test("panels of one range ask together, and each gets its own", async () => {
  const [a, b] = [new Held(WANT), new Held({ ...WANT, keys: ["acc"] })];
  a.show(["r1", "r2"]);
  b.show(["r1", "r2"]);
  await until(() => a.complete && b.complete);
  expect(asked.map((one) => one.keys)).toEqual([["loss", "acc"]]);
  expect(b.series().map((one) => [one.run, one.key])).toEqual([["r1", "acc"], ["r2", "acc"]]);
});

test("only runs that are new, or changed, are asked for", async () => {
  const one = held({ ...WANT, project: "q" });
  one.listen(() => {});
  one.show(["r1", "r2"]);
  await until(() => one.complete);
  one.show(["r2"]);
  expect(one.series().map((each) => each.run)).toEqual(["r2"]);
  one.show(["r1", "r3"]);
  await until(() => one.complete);
  markHeld("e", "q", { runs: ["r1", "rX"], artifacts: false, views: false, sync: false });
  await until(() => asked.length === 3);
  expect(asked.map((each) => each.runs)).toEqual([["r1", "r2"], ["r3"], ["r1"]]);
  await until(() => one.series()[0]!.y[0] === 3);
});

test("after a gap in the stream everything that is held is stale", async () => {
  const one = held({ ...WANT, project: "gap" });
  one.listen(() => {});
  one.show(["r1", "r2"]);
  await until(() => one.complete);
  markHeld("e", "gap", { runs: ["*"], artifacts: true, views: true, sync: true });
  await until(() => asked.length === 2);
  expect(asked[1]!.runs).toEqual(["r1", "r2"]);
});

test("what could not be asked is asked again, on demand or after the next change", async () => {
  const one = held({ ...WANT, project: "down" });
  one.listen(() => {});
  const works = globalThis.fetch;
  vi.stubGlobal("fetch", () => Promise.reject(new Error("refused")));
  one.show(["r1"]);
  await until(() => one.error !== null);
  expect(one.error!.message).toContain("does not answer");
  vi.stubGlobal("fetch", works);
  await vi.waitFor(() => {
    one.again();
    expect(one.complete).toBe(true);
  });
  expect(one.error).toBeNull();
});

test("requests stay within the server's bounds", () => {
  const of = (runs: number, buckets: number) => ({
    want: { ...WANT, buckets, runs: Array.from({ length: runs }, (_, at) => `r${at}`) },
  });
  const many = (runs: number, buckets: number, keys: number) =>
    Array.from({ length: keys }, (_, at) => ({ want: { ...of(runs, buckets).want, keys: [`k${at}`] } }));
  for (const [runs, buckets] of [[1, 500], [10, 500], [200, 80], [1000, 80]] as const) {
    for (const part of parts(many(runs, buckets, 150))) {
      const keys = new Set(part.flatMap((one) => one.want.keys)).size;
      expect(keys).toBeLessThanOrEqual(100);
      expect(keys * runs).toBeLessThanOrEqual(20_000);
      expect(keys === 1 || keys * runs * buckets <= 300_000).toBe(true);
    }
  }
});
