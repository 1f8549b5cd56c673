import { describe, expect, it, vi } from "vitest";

import type { View } from "../api";
import { fakeShown } from "../panels/fake";
import type { PanelSpec } from "../panels/spec";
import { loadFormulas } from "../ui/formula";
import type { Block } from "./blocks";
import { parseDoc, piece, type Doc } from "./doc";
import { writeReport } from "./export";
import type { GridData } from "./export-data";
import panelsSpec from "./fixtures/panels.json?raw";
import textsSpec from "./fixtures/texts.json?raw";

// uPlot asks for it when it is loaded, and jsdom has none.
vi.hoisted(() => (globalThis.matchMedia ??= (() => ({ addEventListener: () => undefined })) as unknown as typeof matchMedia));

const view = {
  entity: "team", project: "demo", display_name: "R <script>alert(1)</script>", description: "<img src=x onerror=alert(1)>",
  by: "ann", updated_us: 1, type: "runs",
} as unknown as View;

const runs = [
  fakeShown("aaaa1111", { summary: { loss: 1, acc: 0.5 }, config: { lr: 0.1 } }, { color: "#ff0000" }),
  fakeShown("bbbb2222", { name: "<b>bold</b>", summary: { loss: 2, acc: 0.75 }, config: { lr: 0.2 } }),
];

function gridData(block: Block): GridData {
  const lines: GridData["lines"] = new Map();
  for (const panel of block.metadata?.panelBankSectionConfig?.panels ?? []) {
    const series = runs.map(({ run }) => ({ run: run.run, key: "loss", x: [0, 1, 2], y: [3, 2, 1], points: 3 }));
    if (panel.viewType === "Run History Line Plot") lines.set(panel as PanelSpec, { metrics: ["loss"], series });
  }
  return { runs, lines, stills: new Map() };
}

function written(doc: Doc, images = new Map<string, string>()): Document {
  const grids = new Map(doc.pieces.filter((one) => one.block.type === "panel-grid").map((one) => [one.block, gridData(one.block)]));
  return new DOMParser().parseFromString(writeReport(view, doc, grids, images), "text/html");
}

function loadsNothing(page: Document): void {
  expect(page.querySelectorAll("script, iframe, object, embed, link, button, form, video, audio, base").length).toBe(0);
  for (const element of page.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      expect(name, element.outerHTML.slice(0, 200)).not.toMatch(/^on/);
      if (name === "href") expect(value).toMatch(/^(#|https?:)/);
      if (name === "src" || name === "srcset" || name === "poster" || name === "xlink:href") expect(value).toMatch(/^data:image\//);
      expect(value).not.toMatch(/url\(\s*["']?(?!#)/i);
    }
  }
  const css = [...page.querySelectorAll("style")].map((one) => one.textContent).join();
  expect(css).not.toMatch(/@import|url\(|https?:/);
  expect(page.querySelector('meta[http-equiv="Content-Security-Policy"]')!.getAttribute("content")).toBe("default-src 'none'; style-src 'unsafe-inline'; img-src data:");
}

describe("a report as a file", () => {
  it("has every text block, and neither scripts nor anything from elsewhere", async () => {
    await loadFormulas();
    const page = written(parseDoc(textsSpec)!);
    loadsNothing(page);
    expect(page.querySelector("h1")!.textContent).toBe("R <script>alert(1)</script>");
    expect(page.querySelectorAll("input[checked]").length).toBe(1);
    expect(page.querySelectorAll("math").length).toBe(2);
    expect(page.querySelectorAll(".reports-body h2, .reports-body h3, .reports-body h4").length).toBe(3);
    expect(page.querySelector('.reports-contents a[href="#user-results"]')).not.toBeNull();
    expect(page.getElementById("user-results")).not.toBeNull();
    expect(page.querySelector(".code-word")!.textContent).toBe("def");
    expect(page.body.textContent).toContain("Image at example.com");
    expect(page.body.textContent).toContain("Weave block is kept, and not drawn here");
    expect(page.body.innerHTML).not.toContain("iframe");
  });

  it("draws every panel that we draw, and names the others", () => {
    const page = written(parseDoc(panelsSpec)!);
    loadsNothing(page);
    expect(page.querySelectorAll(".panels-cell").length).toBe(13);
    expect(page.querySelectorAll(".panels-cell > figure svg").length).toBeGreaterThanOrEqual(5);
    expect(page.body.textContent).toContain("Train loss");
    expect(page.body.textContent).toContain("Custom chart (Vega) is kept, and not drawn here");
    expect(page.body.textContent).toContain("<b>bold</b>");
    expect(page.querySelector(".panels-number")!.textContent).toBe("0.75");
  });

  it("draws a line as wide and as dashed as it is asked for", () => {
    const named = "aaaa1111:loss";
    const config = { metrics: ["loss"], overrideLineWidths: { [named]: 4 }, overrideMarks: { [named]: "dashed" } };
    const panel = { viewType: "Run History Line Plot", config };
    const grid = piece({ type: "panel-grid", metadata: { panelBankSectionConfig: { panels: [panel] } } });
    const page = written({ before: '{"blocks":[', after: "]}", glue: ",", pieces: [grid] });
    const dashed = [...page.querySelectorAll("path[stroke-dasharray]")];
    expect(dashed.map((one) => [one.getAttribute("stroke-dasharray"), one.getAttribute("stroke-width"), one.getAttribute("stroke")])).toEqual([["8 4", "4", "#ff0000"]]);
  });

  it("holds its images, and no link to pages of ours", () => {
    const blocks: Block[] = [
      { type: "image", url: "/v1/runs/a/b/c/files/p.png", children: [{ text: "A picture" }] },
      { type: "image", url: "javascript:alert(1)", children: [{ text: "" }] },
      { type: "paragraph", children: [{ type: "link", url: "/team/demo", children: [{ text: "ours" }] }, { type: "link", url: "javascript:alert(1)", children: [{ text: "bad" }] }] },
      { type: "markdown-block", content: "![p](/v1/runs/a/b/c/files/p.png) <script>alert(1)</script> [x](javascript:alert(1))" },
    ];
    const doc = { before: '{"blocks":[', after: "]}", glue: ",", pieces: blocks.map(piece) };
    const page = written(doc, new Map([["/v1/runs/a/b/c/files/p.png", "data:image/png;base64,AA=="]]));
    loadsNothing(page);
    expect(page.querySelectorAll("img").length).toBe(2);
    expect(page.querySelectorAll("a[href]").length).toBe(0);
  });
});
