// @vitest-environment node
import { describe, expect, it } from "vitest";

import { boxes, classColor, classNames, lastUpTo, pieces } from "./media-data";

describe("pieces of media", () => {
  it("one picture, with what is drawn over it", () => {
    const value = { _type: "image-file", path: "media/a.png", caption: "a", boxes: { p: { path: "b.json" } }, masks: { q: { path: "m.png" }, bad: {} } };
    expect(pieces(value)).toMatchObject([{ type: "image-file", path: "media/a.png", caption: "a", boxes: { p: "b.json" }, masks: { q: "m.png" } }]);
  });
  it("pictures beside each other", () => {
    const value = { _type: "images/separated", filenames: ["a.png", "b.png"], captions: ["a", null], all_boxes: [null, { p: { path: "b.json" } }] };
    const found = pieces(value);
    expect(found.map(({ path, caption, boxes }) => [path, caption, boxes])).toEqual([["a.png", "a", {}], ["b.png", "", { p: "b.json" }]]);
  });
  it("sounds and films in lists", () => {
    expect(pieces({ _type: "audio", audio: [{ path: "a.wav" }], captions: ["x"] })).toMatchObject([{ type: "audio-file", path: "a.wav", caption: "x" }]);
    expect(pieces({ _type: "videos", videos: [{ path: "a.mp4" }, 3] })).toHaveLength(1);
  });
  it("what makes no sense is no reason to fail", () => {
    expect(pieces({})).toMatchObject([{ type: "", path: null }]);
    expect(pieces({ _type: "images/separated", filenames: "x", captions: 3 })).toEqual([]);
    expect(pieces({ _type: "image-file", path: 3, boxes: [1], masks: { a: null } })).toMatchObject([{ path: null, boxes: {}, masks: {} }]);
  });
});

describe("boxes", () => {
  const size = { width: 200, height: 100 };
  it("in parts, in pixels, by their middle", () => {
    const file = {
      box_data: [
        { position: { minX: 0.1, maxX: 0.5, minY: 0.2, maxY: 0.4 }, class_id: 1 },
        { position: { middle: [100, 50], width: 40, height: 20 }, domain: "pixel", class_id: 2, box_caption: "said" },
        { position: { minX: "x" } },
        7,
      ],
      class_labels: { 1: "cat" },
    };
    const found = boxes(file, size);
    expect(found.map((box) => box.label)).toEqual(["cat", "said"]);
    expect(found[0]!.width).toBeCloseTo(0.4);
    expect(found[1]).toMatchObject({ left: 0.4, top: 0.4, width: 0.2, height: 0.2 });
  });
  it("as a bare list", () => expect(boxes([{ position: { middle: [0.5, 0.5], width: 1, height: 1 }, class_id: 3 }], size)[0]!.label).toBe("class 3"));
  it("classes of masks have the names that the SDK gave them", () => {
    const names = classNames({ wandb: { "mask/class_labels": { "a/b_wandb_delimeter_truth": { value: { 1: "cat" } } } } }, "a/b");
    expect([names("truth", 1), names("truth", 2), names("other", 1), classNames(null, "a")("truth", 1)]).toEqual(["cat", null, null, null]);
  });
  it("classes have colours, whatever their number", () => expect(new Set([0, -1, 12, 1e9].map(classColor)).has(undefined as never)).toBe(false));
});

describe("the step that is shown", () => {
  it.each([[-1, -1], [0, 0], [4, 0], [5, 1], [99, 2]])("up to %d: %d", (step, at) => expect(lastUpTo([0, 5, 9], step)).toBe(at));
});
