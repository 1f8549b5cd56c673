import { expect, test } from "vitest";

import { compact, expand } from "../chart/compact";
import { FRESH, fromQuery, isFresh, isOpen, isShown, toQuery, withEyes, withOpen, withPanel, type View } from "./view";

/** By way of a real URL. */
function again(view: View): View {
  const said = Object.entries(toQuery(view)).filter((one): one is [string, string] => one[1] !== null);
  const url = new URLSearchParams(new URLSearchParams(said).toString());
  return fromQuery((name) => url.get(name));
}

test("a fresh view needs nothing in the URL", () => {
  expect([isFresh(FRESH), isFresh({ ...FRESH, metrics: "x" })]).toEqual([true, false]);
  expect(again(FRESH)).toEqual(FRESH);
});

test("all of a view survives the URL, whatever its names have in them", () => {
  const view: View = {
    filter: "config.lr > 0.01 and name ~ \"a&b;c\"",
    search: "res.*net",
    sort: "+config.lr",
    group: ["config.a,b", "tags"],
    eyes: { open: false, except: ["a_1", "b,2"] },
    metrics: "^train/",
    all: { smoothing: { kind: "gaussian", amount: 0.35 }, x: { metric: "my_epoch~1" }, logX: true, original: false },
    panels: { "train/loss_1;~%": { logY: true, yMin: -1, yMax: 2e-3, clip: true }, acc: { x: "relative", band: false, logY: false } },
    folded: ["train", "+System"],
    saved: "abc",
  };
  expect(again(view)).toEqual(view);
});

test("a few settings are a short text, and nonsense is none", () => {
  expect(compact({ smoothing: { kind: "ema", amount: 0.6 }, logY: true, x: "time" })).toBe("e0.6_xt_ly");
  expect(expand("e0.6_zz_y0:abc_ly")).toEqual({ smoothing: { kind: "ema", amount: 0.6 }, logY: true });
});

test("eyes", () => {
  const one = withEyes(FRESH.eyes, ["a"], false);
  expect([isShown(one, "a"), isShown(one, "b")]).toEqual([false, true]);
  expect(withEyes(one, ["a"], true)).toEqual(FRESH.eyes);
  const none = { open: false, except: [] };
  expect(isShown(withEyes(none, ["b"], true), "b")).toBe(true);
});

test("settings of a panel come and go", () => {
  const set = withPanel(FRESH, "loss", { logY: true, xMin: 1, xMax: 2 });
  expect(withPanel(set, "loss", { xMin: null, xMax: null }).panels).toEqual({ loss: { logY: true } });
  expect(withPanel(set, "loss", null).panels).toEqual({});
});

test("sections fold, from whichever state they begin in", () => {
  expect([isOpen(FRESH, "train", true), isOpen(FRESH, "System", false)]).toEqual([true, false]);
  const folded = withOpen(withOpen(FRESH, "train", true, false), "System", false, true);
  expect([isOpen(folded, "train", true), isOpen(folded, "System", false)]).toEqual([false, true]);
  expect(withOpen(folded, "train", true, true).folded).toEqual(["+System"]);
});
