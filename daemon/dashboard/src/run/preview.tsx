/** A file of a run or of an artifact, shown as what it is. HTML and SVG only in a frame without privileges. */
import { useMemo } from "preact/hooks";

import { ask } from "../api";
import { useData } from "../data";
import { bytes } from "../ui/format";
import { Markdown } from "../ui/markdown";
import { OwnImage } from "../ui/own-file";
import { Shown } from "../ui/state";
import { Film, Framed, Heavy, MediaView, Sound } from "./media";
import { PlotlyFigure } from "./plotly";
import { decoded, kindOf, resolved } from "./preview-data";
import type { Source } from "./source";
import { TableView } from "./table";
import { readDelimited, readTable } from "./table-data";
import "./media.css";

/** More text than this is for the download. */
const TEXT_BYTES_MAX = 4_000_000;
const ROWS_MAX = 20_000;

export function FilePreview({ source, name, size }: { source: Source; name: string; size: number | null }) {
  const kind = kindOf(name);
  switch (kind) {
    case "image":
      return <Heavy size={size}>{() => <OwnImage path={source.file(name)} alt={name} class="run-picture" />}</Heavy>;
    case "audio":
      return <Heavy size={size}>{() => <Sound path={name} source={source} />}</Heavy>;
    case "video":
      return <Heavy size={size}>{() => <Film path={name} source={source} />}</Heavy>;
    case "frame":
      return <Framed path={name} source={source} />;
    case "plotly":
      return <PlotlyFigure path={name} source={source} />;
    default:
      if (size !== null && size > TEXT_BYTES_MAX) return <p class="dim">{bytes(size)} are too much to show here: download it.</p>;
      return <TextFile source={source} name={name} kind={kind} />;
  }
}

function TextFile({ source, name, kind }: { source: Source; name: string; kind: string }) {
  const loaded = useData(async (abort) => {
    const content = await (await ask("GET", source.file(name), undefined, abort)).arrayBuffer();
    // Large files are said to be so before they are asked for, where their size is known.
    return content.byteLength > TEXT_BYTES_MAX ? null : decoded(content);
  }, [source.file(name)]);
  return (
    <Shown of={loaded} what="the file">
      {(said) => (said === null ? <p class="dim">It is no text that can be shown here: download it.</p> : <Said text={said} name={name} kind={kind} source={source} />)}
    </Shown>
  );
}

function Said({ text, name, kind, source }: { text: string; name: string; kind: string; source: Source }) {
  const table = useMemo(() => (kind === "csv" || kind === "tsv" ? readDelimited(text, kind === "csv" ? "," : "\t", ROWS_MAX) : null), [text, kind]);
  const json = useMemo(() => (kind === "json" ? parsed(text) : undefined), [text, kind]);
  if (kind === "markdown") return <Markdown text={text} resolve={(address) => resolved(address, name, source)} />;
  if (table) return <TableView data={table} name={name} note={table.cut && <span class="dim">the first {ROWS_MAX} rows</span>} />;
  const logged = readTable(json);
  if (logged) return <TableView data={logged} name={name} medium={(cell) => <MediaView value={cell} source={source} />} />;
  const shown = json === undefined ? text : JSON.stringify(json, null, 2);
  return (
    <pre class="run-text" tabIndex={0} aria-label={`Text of ${name}`}>
      {shown}
    </pre>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
