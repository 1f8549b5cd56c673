/** Nested values, such as a config, as a tree that can be searched, folded and copied. */
import { useMemo, useState } from "preact/hooks";

import type { JsonValue } from "../api";
import { CopyButton } from "../ui/copy";
import { count, number } from "../ui/format";
import { isObject, text } from "./media-data";
import { linesOf, opensItself, short, type Line } from "./tree-data";

/** Lines that are shown at first. */
const SHOWN = 300;

export function Tree(props: { title: string; value: { [key in string]?: JsonValue }; empty: string }) {
  const { title, value } = props;
  const [search, setSearch] = useState("");
  // Those that are not as they are at first.
  const [flipped, setFlipped] = useState<ReadonlySet<string>>(new Set());
  const [most, setMost] = useState(SHOWN);
  const keys = Object.keys(value).length;
  const isOpen = (path: string, one: JsonValue) => opensItself(one) !== flipped.has(path);
  const lines = useMemo(() => linesOf(value, search, isOpen), [value, search, flipped]);
  const flip = (path: string) => {
    const next = new Set(flipped);
    if (!next.delete(path)) next.add(path);
    setFlipped(next);
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
          <TreeLine key={line.path} line={line} open={search !== "" || isOpen(line.path, line.value)} onFlip={() => flip(line.path)} />
        ))}
      </ul>
      {lines.length > most && <button onClick={() => setMost(most * 4)}>Show more of {count(lines.length, "line")}</button>}
    </section>
  );
}

function TreeLine({ line, open, onFlip }: { line: Line; open: boolean; onFlip: () => void }) {
  const { name, depth, holds, value, path } = line;
  const said = holds === null ? short(value) : "";
  return (
    <li style={{ paddingLeft: `${depth * 16}px` }}>
      {holds === null ? (
        <span class="run-key" title={path}>{name}</span>
      ) : (
        <button class="quiet run-key" aria-expanded={open} title={path} onClick={onFlip}>
          {open ? "▾" : "▸"} {name} <span class="dim">{kindOf(value) || count(holds, "entry", "entries")}</span>
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

/** What a medium is, in the words of W&B. */
function kindOf(value: JsonValue): string {
  return isObject(value) ? text(value["_type"]) : "";
}
