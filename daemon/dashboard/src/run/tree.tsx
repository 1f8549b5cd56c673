/** Nested values, such as a config, as a tree that can be searched, folded and copied. */
import { useMemo, useState } from "preact/hooks";

import type { JsonValue } from "../api";
import { CopyButton } from "../ui/copy";
import { count, number } from "../ui/format";
import { linesOf, short, type Line } from "./tree-data";

/** Lines that are shown at first. */
const SHOWN = 300;

export function Tree(props: { title: string; value: { [key in string]?: JsonValue }; empty: string }) {
  const { title, value } = props;
  const [search, setSearch] = useState("");
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [most, setMost] = useState(SHOWN);
  const keys = Object.keys(value).length;
  const lines = useMemo(() => linesOf(value, search, (path) => !folded.has(path)), [value, search, folded]);
  const flip = (path: string) => {
    const next = new Set(folded);
    if (!next.delete(path)) next.add(path);
    setFolded(next);
  };
  return (
    <section class="run-tree" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {keys > 0 && (
          <>
            <input type="search" placeholder={`Search ${keys} keys`} aria-label={`Search ${title.toLowerCase()}`} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
            <CopyButton text={() => JSON.stringify(value, null, 2)} label={`${title.toLowerCase()} as JSON`} />
          </>
        )}
      </header>
      {keys === 0 && <p class="dim">{props.empty}</p>}
      {keys > 0 && lines.length === 0 && <p class="dim">No key or value is like that.</p>}
      <ul>
        {lines.slice(0, most).map((line) => (
          <TreeLine key={line.path} line={line} folded={search === "" && folded.has(line.path)} onFlip={() => flip(line.path)} />
        ))}
      </ul>
      {lines.length > most && <button onClick={() => setMost(most * 4)}>Show more of {count(lines.length, "line")}</button>}
    </section>
  );
}

function TreeLine({ line, folded, onFlip }: { line: Line; folded: boolean; onFlip: () => void }) {
  const { name, depth, holds, value, path } = line;
  const said = holds === null ? short(value) : "";
  return (
    <li style={{ paddingLeft: `${depth * 16}px` }}>
      {holds === null ? (
        <span class="run-key" title={path}>{name}</span>
      ) : (
        <button class="quiet run-key" aria-expanded={!folded} title={path} onClick={onFlip}>
          {folded ? "▸" : "▾"} {name} <span class="dim">{count(holds, "entry", "entries")}</span>
        </button>
      )}
      {holds === null && (
        <span class="run-value" title={said.length > 200 ? "" : said}>
          {typeof value === "number" ? number(value) : said.length > 2000 ? `${said.slice(0, 2000)}…` : said}
        </span>
      )}
      <CopyButton text={() => (holds === null ? said : JSON.stringify(value, null, 2))} label={path} />
    </li>
  );
}
