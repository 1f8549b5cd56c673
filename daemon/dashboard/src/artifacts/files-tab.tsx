/** The files of a version: folders, sizes, and each file looked at or downloaded. */
import { useMemo, useState } from "preact/hooks";

import { ask, type ArtifactView, type EntryView } from "../api";
import { useData } from "../data";
import { query, setQuery } from "../routes";
import { Download } from "../run/media";
import { FilePreview } from "../run/preview";
import { ofArtifact, type Source } from "../run/source";
import "../run/run.css";
import { bytes, count } from "../ui/format";
import { Empty, Shown } from "../ui/state";
import { above, entriesOf, listing } from "./files";
import { versionRoute, type Of } from "./names";

const MANY = 200;

export function Files({ of, found }: { of: Of; found: ArtifactView }) {
  const route = versionRoute(of, `v${found.version}`);
  const source = ofArtifact(of.entity, of.project, `${of.collection}:v${found.version}`);
  const loaded = useData(async (abort) => entriesOf(await (await ask("GET", `${route}/files`, undefined, abort)).text()), [route]);
  return (
    <Shown of={loaded} what="the files">
      {(entries) => (entries.length === 0 ? <Empty title="No files">This version holds nothing.</Empty> : <Browser source={source} entries={entries} />)}
    </Shown>
  );
}

function Browser({ source, entries }: { source: Source; entries: EntryView[] }) {
  const folder = query("path") ?? "";
  const search = (query("find") ?? "").toLowerCase();
  const looked = entries.find((entry) => entry.path === query("file"));
  return (
    <div class="artifacts-files">
      <div>
        <div class="artifacts-bar">
          <input
            type="search"
            aria-label="Search files"
            placeholder={`Search ${count(entries.length, "file")}`}
            value={query("find") ?? ""}
            onInput={(event) => setQuery({ find: event.currentTarget.value })}
          />
        </div>
        {search === "" ? (
          <>
            <Way folder={folder} />
            <Folder source={source} entries={entries} folder={folder} />
          </>
        ) : (
          <Rows source={source} files={entries.filter((entry) => entry.path.toLowerCase().includes(search))} whole />
        )}
      </div>
      {looked ? <Look key={looked.path} source={source} entry={looked} /> : <p class="dim">Choose a file to look at it here.</p>}
    </div>
  );
}

function Way({ folder }: { folder: string }) {
  if (folder === "") return null;
  return (
    <nav class="artifacts-up" aria-label="Folders above">
      <button class="artifacts-file-name" onClick={() => setQuery({ path: null })}>
        all files
      </button>
      {above(folder).map((one) => (
        <span key={one.path}>
          {" / "}
          <button class="artifacts-file-name" onClick={() => setQuery({ path: one.path })}>
            {one.name}
          </button>
        </span>
      ))}
    </nav>
  );
}

function Folder({ source, entries, folder }: { source: Source; entries: EntryView[]; folder: string }) {
  const { folders, files } = useMemo(() => listing(entries, folder), [entries, folder]);
  return (
    <>
      {folders.length > 0 && (
        <table class="artifacts-table artifacts-list" aria-label="Folders">
          <tbody>
            {folders.map((one) => (
              <tr key={one.path}>
                <td>
                  <button class="artifacts-file-name" onClick={() => setQuery({ path: one.path }, false)}>
                    {one.name}/
                  </button>
                </td>
                <td class="artifacts-number">{bytes(one.bytes)}</td>
                <td class="dim">{count(one.files, "file")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Rows source={source} files={files} />
    </>
  );
}

function Rows({ source, files, whole }: { source: Source; files: EntryView[]; whole?: boolean }) {
  const [shown, setShown] = useState(MANY);
  if (files.length === 0) return whole ? <p class="dim">No file has that in its path.</p> : null;
  return (
    <>
      <table class="artifacts-table artifacts-list" aria-label="Files">
        <tbody>
          {files.slice(0, shown).map((entry) => (
            <FileRow key={entry.path} source={source} entry={entry} whole={whole ?? false} />
          ))}
        </tbody>
      </table>
      {files.length > shown && <button onClick={() => setShown(shown + MANY)}>Show more of {count(files.length, "file")}</button>}
    </>
  );
}

function FileRow({ source, entry, whole }: { source: Source; entry: EntryView; whole: boolean }) {
  const name = whole ? entry.path : entry.path.slice(entry.path.lastIndexOf("/") + 1);
  return (
    <tr>
      <td>
        <button
          class="artifacts-file-name"
          aria-pressed={query("file") === entry.path}
          onClick={() => setQuery({ file: entry.path })}
        >
          {name}
        </button>
        {entry.ref && <p class="artifacts-line dim">{entry.ref}</p>}
      </td>
      <td class="artifacts-number">{entry.size === null ? "" : bytes(entry.size)}</td>
      <td>
        {!entry.ref && <Download name={entry.path} source={source} />}
      </td>
    </tr>
  );
}

function Look({ source, entry }: { source: Source; entry: EntryView }) {
  return (
    <section class="artifacts-preview" aria-label={`Preview of ${entry.path}`}>
      <header>
        <strong>{entry.path}</strong>
        <span class="dim">{entry.size === null ? "" : bytes(entry.size)}</span>
        <button class="quiet" aria-label="Close the preview" onClick={() => setQuery({ file: null })}>
          ✕
        </button>
      </header>
      {entry.ref ? (
        <p>
          A reference: its bytes are at <code>{entry.ref}</code>.
        </p>
      ) : (
        <FilePreview source={source} name={entry.path} size={entry.size} />
      )}
    </section>
  );
}
