/** One logged medium of any of W&B's kinds. What cannot be shown is named, and offered as a download. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { ApiError, ask, type RunPath } from "../api";
import { useData } from "../data";
import { bytes } from "../ui/format";
import { useObjectUrl } from "../ui/own-file";
import { save } from "../ui/save";
import { Failure, Shown } from "../ui/state";
import { tried } from "../ui/toast";
import { Bars } from "./histogram";
import { readHistogram } from "./histogram-data";
import { Picture } from "./image";
import { pieces, text, type ClassNames, type Piece } from "./media-data";
import { PlotlyFigure } from "./plotly";
import type { Source } from "./source";
import { TableFile } from "./table-file";

export interface MediaViewProps {
  value: Record<string, unknown>;
  source: Source;
  /** Where it was logged, for tables whose media lie in artifacts. */
  of?: Pick<RunPath, "entity" | "project">;
  /** Of the classes of masks. */
  names?: ClassNames | undefined;
}

/** What is logged at one step. */
export function MediaView(props: MediaViewProps) {
  const all = pieces(props.value);
  if (all.length === 0) return <p class="dim">Nothing is in it.</p>;
  return (
    <div class={all.length > 1 ? "run-pieces many" : "run-pieces"}>
      {all.map((piece, at) => (
        <figure key={at} class="run-piece">
          <PieceView piece={piece} source={props.source} of={props.of} names={props.names} />
          {piece.caption && <figcaption>{piece.caption}</figcaption>}
        </figure>
      ))}
    </div>
  );
}

function PieceView({ piece, source, of, names }: { piece: Piece; source: Source; of: MediaViewProps["of"]; names: ClassNames | undefined }) {
  const { type, path, value } = piece;
  if (type === "histogram") {
    const histogram = readHistogram(value);
    return histogram ? <Bars histogram={histogram} /> : <NotShown what="histogram" name={null} source={source} />;
  }
  if (path === null) return <pre class="run-json">{JSON.stringify(value, null, 2).slice(0, 10_000)}</pre>;
  switch (type) {
    case "image-file":
      return <Picture piece={piece} path={path} source={source} names={names} />;
    case "audio-file":
      return <Heavy size={value["size"]}>{() => <Sound path={path} source={source} />}</Heavy>;
    case "video-file":
      return <Heavy size={value["size"]}>{() => <Film path={path} source={source} />}</Heavy>;
    case "html-file":
      return <Framed path={path} source={source} />;
    case "table-file":
    case "table":
      return <TableFile path={path} value={value} source={source} of={of} />;
    case "plotly-file":
      return <PlotlyFigure path={path} source={source} />;
    default:
      return <NotShown what={type || "file"} name={path} source={source} size={value["size"]} />;
  }
}

/** Bytes that are fetched without being asked for. */
const LIGHT_BYTES = 20_000_000;

/** What is too large to be fetched before somebody wants it. */
export function Heavy({ size, children }: { size: unknown; children: () => ComponentChildren }) {
  const [wanted, setWanted] = useState(false);
  if (typeof size !== "number" || size <= LIGHT_BYTES || wanted) return <>{children()}</>;
  return <button onClick={() => setWanted(true)}>Load {bytes(size)}</button>;
}

export function Sound({ path, source }: { path: string; source: Source }) {
  const { url, error } = useObjectUrl(source.file(path));
  if (error) return <Failure error={error} />;
  return <audio controls src={url} aria-label={path.split("/").at(-1)} />;
}

export function Film({ path, source }: { path: string; source: Source }) {
  const { url, error } = useObjectUrl(source.file(path));
  const name = path.split("/").at(-1)!;
  if (error) return <Failure error={error} />;
  if (/\.gif$/i.test(path)) return url ? <img class="run-picture" src={url} alt={name} /> : null;
  return <video controls loop muted src={url} aria-label={name} />;
}

/** A user's HTML or SVG: in a frame that can run scripts and reach nothing of ours. */
export function Framed({ path, source }: { path: string; source: Source }) {
  const framed = useData((abort) => source.frame(path, abort), [source.file(path)]);
  return (
    <Shown of={framed} what="the page">
      {({ url }) => <iframe class="run-frame" sandbox="allow-scripts" referrerpolicy="no-referrer" src={url} title={path.split("/").at(-1)} />}
    </Shown>
  );
}

/** Kinds in words. */
const KINDS: Record<string, string> = {
  "object3D-file": "3D object",
  "molecule-file": "molecule",
  "bokeh-file": "Bokeh figure",
  "graph-file": "model graph",
  "joined-table": "joined table",
  "partitioned-table": "partitioned table",
};

export function NotShown(props: { what: string; name: string | null; source: Source; size?: unknown }) {
  const { name } = props;
  return (
    <div class="run-not-shown">
      <p>
        A {KINDS[props.what] ?? props.what} cannot be shown here.
        {typeof props.size === "number" && ` It has ${bytes(props.size)}.`}
      </p>
      {name && <Download name={name} source={props.source} />}
    </div>
  );
}

/** Brings a file to the browser's downloads. */
export function Download({ name, source, label }: { name: string; source: Source; label?: string }) {
  const [busy, setBusy] = useState(false);
  const bring = async () => {
    setBusy(true);
    await tried(async () => save(name.split("/").at(-1)!, await (await ask("GET", source.file(name))).blob()));
    setBusy(false);
  };
  return (
    <button disabled={busy} onClick={() => void bring()} aria-label={`Download ${name}`}>
      {label ?? "Download"}
    </button>
  );
}

/** A file's JSON, from anywhere that files are. */
export function useJson(path: string): ReturnType<typeof useData<unknown>> {
  return useData(async (abort) => {
    const said = await (await ask("GET", path, undefined, abort)).text();
    try {
      return JSON.parse(said) as unknown;
    } catch {
      throw new ApiError(200, `${text(path.split("/").at(-1))} holds no JSON`);
    }
  }, [path]);
}

/** Something that does not fail, loaded anew when `what` changes; `undefined` until it is here. */
export function useLoaded<T>(what: string | null, load: (of: string) => Promise<T>): T | undefined {
  const [state, setState] = useState<{ of: string; value: T }>();
  useEffect(() => {
    if (what === null) return;
    let over = false;
    void load(what).then((value) => !over && setState({ of: what, value }));
    return () => void (over = true);
  }, [what]);
  return state && state.of === what ? state.value : undefined;
}
