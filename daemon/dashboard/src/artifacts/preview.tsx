/** A file of a version, shown as far as it can be. HTML and SVG only in a frame without privileges. */
import { ask, get, path, type EntryView, type Framed } from "../api";
import { useData } from "../data";
import { bytes } from "../ui/format";
import { Markdown } from "../ui/markdown";
import { OwnImage } from "../ui/own-file";
import { Shown } from "../ui/state";

const TEXT_BYTES = 1_000_000;

export function Preview({ route, entry }: { route: string; entry: EntryView }) {
  const file = route + path`/files/${entry.path}`;
  const end = entry.path.slice(entry.path.lastIndexOf(".") + 1).toLowerCase();
  if (/^(png|jpe?g|gif|webp|bmp|avif)$/.test(end)) return <OwnImage path={file} alt={entry.path} class="artifacts-image" />;
  if (/^(html?|svg)$/.test(end)) return <Frame url={route + path`/frame/${entry.path}`} title={entry.path} />;
  if ((entry.size ?? 0) > TEXT_BYTES) return <p class="dim">{bytes(entry.size ?? 0)} are too much to show here: download it.</p>;
  return <Text file={file} end={end} />;
}

function Frame({ url, title }: { url: string; title: string }) {
  const loaded = useData((abort) => get<Framed>(url, {}, abort), [url]);
  return (
    <Shown of={loaded} what="the file">
      {(framed) => <iframe class="artifacts-frame" sandbox="allow-scripts" src={framed.url} title={title} referrerpolicy="no-referrer" />}
    </Shown>
  );
}

function Text({ file, end }: { file: string; end: string }) {
  const loaded = useData(async (abort) => decoded(await (await ask("GET", file, undefined, abort)).arrayBuffer(), end), [file]);
  return (
    <Shown of={loaded} what="the file">
      {(text) => {
        if (text === null) return <p class="dim">It is no text: download it.</p>;
        if (end === "md") return <Markdown text={text} />;
        return (
          <pre class="artifacts-file-text" tabIndex={0} aria-label="Text of the file">
            {text}
          </pre>
        );
      }}
    </Shown>
  );
}

/** Text, if that is what it is; JSON with its lines broken. */
export function decoded(content: ArrayBuffer, end: string): string | null {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return null;
  }
  if (text.includes("\0")) return null;
  if (end !== "json") return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
