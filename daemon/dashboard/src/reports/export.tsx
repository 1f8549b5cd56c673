/**
 * A report as one file that opens without a server: rendered HTML with its
 * styles, charts as SVG, formulas as MathML, images as data. It holds no script
 * and loads nothing, and its own policy says so.
 */
import { render } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import type { View } from "../api";
import { toSvg } from "../chart/export";
import { prepare } from "../chart/prepare";
import { Assumed, Nothing } from "../panels/axes";
import { COLUMNS, layoutOf } from "../panels/grid";
import { lineLook } from "../panels/line";
import { limited, lineOptions, titleOf } from "../panels/line-options";
import { Panel } from "../panels/panel";
import { Places } from "../panels/panel-grid";
import panelStyles from "../panels/panels.css?inline";
import { text, VIEW, type PanelSpec } from "../panels/spec";
import styles from "../style.css?inline";
import { time } from "../ui/format";
import { BareFormulas, loadFormulas } from "../ui/formula";
import markdownStyles from "../ui/markdown.css?inline";
import { BlockView } from "./block";
import { contents, type Block } from "./blocks";
import { widthOf, type Doc } from "./doc";
import { EnvProvider, type ReportEnv } from "./env";
import { allBlocks, loadGrid, loadImages, type GridData } from "./export-data";
import reportStyles from "./reports.css?inline";

/** Loads what the report shows, and writes it. */
export async function exportReport(view: View, doc: Doc): Promise<string> {
  const blocks = doc.pieces.map((one) => one.block);
  const grids = new Map<Block, GridData>();
  const here = { entity: view.entity, project: view.project };
  const [images] = await Promise.all([
    loadImages(blocks),
    loadFormulas(),
    ...allBlocks(blocks)
      .filter((block) => block.type === "panel-grid")
      .map(async (block) => grids.set(block, await loadGrid(block.metadata ?? {}, here))),
  ]);
  return writeReport(view, doc, grids, images);
}

/** The file, of what is loaded. */
export function writeReport(view: View, doc: Doc, grids: Map<Block, GridData>, images: Map<string, string>): string {
  const blocks = doc.pieces.map((one) => one.block);
  const grid = (block: Block) => <StaticGrid block={block} data={grids.get(block)} here={view} />;
  const env: ReportEnv = { entity: view.entity, project: view.project, file: images, grid, ...contents(blocks) };
  const page = document.createElement("div");
  render(<Sheet view={view} doc={doc} env={env} />, page);
  settle(page);
  const body = page.innerHTML;
  render(null, page);
  return documentOf(view.display_name || "Report", body);
}

function Sheet({ view, doc, env }: { view: View; doc: Doc; env: ReportEnv }) {
  return (
    <EnvProvider value={env}>
      <BareFormulas.Provider value={true}>
        <article class={`reports-doc ${widthOf(doc)}`}>
          <header class="reports-head">
            <h1>{view.display_name || "Untitled report"}</h1>
            {view.description && <p class="reports-description">{view.description}</p>}
            <p class="dim">{`${view.by ? `${view.by}, ` : ""}${time(view.updated_us)}, in ${view.entity}/${view.project}`}</p>
          </header>
          <div class="reports-body">
            {doc.pieces.map((one) => (
              <BlockView key={one.key} block={one.block} />
            ))}
          </div>
        </article>
      </BareFormulas.Provider>
    </EnvProvider>
  );
}

function StaticGrid({ block, data, here }: { block: Block; data: GridData | undefined; here: { entity: string; project: string } }) {
  const panels = block.metadata?.panelBankSectionConfig?.panels ?? [];
  if (!data || panels.length === 0) return null;
  const context = { entity: here.entity, project: here.project, runs: data.runs };
  return (
    <section class="panels-grid-place" aria-label="Panels">
      <Places panels={panels}>
        {(panel, height) => {
          if (panel.viewType === VIEW.line) return <StaticLines panel={panel} data={data} width={widthOn(panel)} height={height} />;
          if (panel.viewType === VIEW.media) return <StaticMedia panel={panel} data={data} />;
          return (
            <Assumed.Provider value={widthOn(panel)}>
              <Panel spec={panel} context={context} height={height} />
            </Assumed.Provider>
          );
        }}
      </Places>
    </section>
  );
}

/** The width of what is in a panel. */
function widthOn(panel: PanelSpec): number {
  return Math.round((PAGE * layoutOf(panel).w) / COLUMNS) - 26;
}

function StaticLines({ panel, data, width, height }: { panel: PanelSpec; data: GridData; width: number; height: number }) {
  const config = panel.config ?? {};
  const { metrics, series } = data.lines.get(panel) ?? { metrics: [], series: [] };
  const look = lineLook(config, limited(data.runs, config).runs, metrics);
  const options = lineOptions(config);
  const lines = prepare(look.of(series), { ...look, ...options });
  const title = titleOf(config, metrics);
  const [x, y] = [text(config["xAxisTitle"]), text(config["yAxisTitle"])];
  return (
    <figure class="panels-frame">
      {lines.length > 0 ? <Svg source={toSvg(title, lines, options, null, { width, height: Math.max(150, height - 76) })} /> : <Nothing>{`${title}: no points`}</Nothing>}
      {(x || y) && <figcaption class="dim">{[y && `y: ${y}`, x && `x: ${x}`].filter(Boolean).join(", ")}</figcaption>}
    </figure>
  );
}

/** SVG that we drew, as nodes. */
function Svg({ source }: { source: string }) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const drawn = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
    if (drawn.localName === "svg") ref.current!.replaceChildren(document.importNode(drawn, true));
  }, [source]);
  return <div ref={ref} class="panels-sized" />;
}

function StaticMedia({ panel, data }: { panel: PanelSpec; data: GridData }) {
  const stills = data.stills.get(panel) ?? [];
  return (
    <figure class="panels-frame">
      <figcaption>{text(panel.config?.["chartTitle"]) ?? "Media"}</figcaption>
      {stills.length === 0 && <Nothing>Its media are in the report at the server, and not in this file</Nothing>}
      <div class="reports-stills">
        {stills.map((still, at) => (
          <figure key={at}>
            <img src={still.url} alt={still.caption} />
            <figcaption>{still.caption}</figcaption>
          </figure>
        ))}
      </div>
    </figure>
  );
}

/** What only a page of ours can do goes out of the file: buttons, and links to our own pages. */
function settle(page: HTMLElement): void {
  for (const dead of page.querySelectorAll("script, button, iframe, object, embed, link, .panels-only")) dead.remove();
  // What is ticked is a property of the page only.
  for (const box of page.querySelectorAll("input")) box.toggleAttribute("checked", box.checked);
  for (const link of page.querySelectorAll("a")) {
    const address = link.getAttribute("href") ?? "";
    if (address.startsWith("#") || /^https?:\/\//i.test(address)) continue;
    link.replaceWith(...link.childNodes);
  }
}

/** The width of a page that is made to be read. */
const PAGE = 940;

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** In a file, rows of panels grow with what is in them. */
const OWN = `
body { padding: 24px 16px; }
.panels-grid { grid-auto-rows: minmax(32px, auto); }
.panels-cell { display: grid; }
.panels-frame { height: auto; }
.panels-frame > figcaption.dim { font-weight: 400; }
.panels-sized { height: auto !important; }
.panels-sized > svg { width: 100%; height: auto; }
.reports-anchor { display: none; }
.reports-stills { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 8px; }
.reports-stills img { max-width: 100%; min-width: 96px; }
.reports-stills figure { margin: 0; font-size: 12px; }
`;

function documentOf(title: string, body: string): string {
  const css = [styles, markdownStyles, panelStyles, reportStyles, OWN].join("\n");
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    '<meta name="generator" content="pannier">',
    `<title>${escaped(title)}</title>`,
    `<style>${css}</style>`,
    "</head>",
    `<body>${body}</body>`,
    "</html>",
    "",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
