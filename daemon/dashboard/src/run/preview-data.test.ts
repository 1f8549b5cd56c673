// @vitest-environment node
import { describe, expect, it } from "vitest";

import { decoded, kindOf, resolved } from "./preview-data";
import { ofArtifact, ofRun } from "./source";

describe("files", () => {
  it.each([
    ["a/b.PNG", "image"],
    ["x.plotly.json", "plotly"],
    ["x.json", "json"],
    ["pic.svg", "frame"],
    ["README", "text"],
    ["a.csv.gz", "text"],
  ])("%s: %s", (name, kind) => expect(kindOf(name)).toBe(kind));

  it("are text, or not", () => {
    const bytes = (...all: number[]) => new Uint8Array(all).buffer;
    expect([decoded(bytes(104, 105)), decoded(bytes(0xff, 0xfe)), decoded(bytes(104, 0))]).toEqual(["hi", null, null]);
  });

  const source = ofRun({ entity: "e", project: "p", run: "r 1" });
  it("are named beside each other", () => {
    expect(resolved("img/a b.png", "docs/README.md", source)).toBe("/v1/runs/e/p/r%201/files/docs/img/a%20b.png");
    expect(resolved("../a.png", "docs/README.md", source)).toBe("/v1/runs/e/p/r%201/files/a.png");
    expect(["../../x", "https://e.org/a", "/v1/me", "#a", "data:x"].map((address) => resolved(address, "docs/README.md", source))).toEqual([null, null, null, null, null]);
  });
  it("of artifacts", () => expect(ofArtifact("e", "p", "c:v1").file("a/b?.txt")).toBe("/v1/artifacts/e/p/c%3Av1/files/a/b%3F.txt"));
});
