/** The files of a version: folders, sizes, and each file looked at or downloaded. */
import { useMemo, useState } from "preact/hooks";

import { ask, path, type ArtifactView, type EntryView } from "../api";
import { useData } from "../data";
import { query, setQuery } from "../routes";
import { bytes, count } from "../ui/format";
import { save } from "../ui/save";
import { Empty, Shown } from "../ui/state";
import { tried } from "../ui/toast";
import { above, entriesOf, listing } from "./files";
import { versionRoute, type Of } from "./names";
import { Preview } from "./preview";

const MANY = 200;

export function Files({ of, found }: { of: Of; found: ArtifactView }) {
  const route = versionRoute(of, `v${found.version}`);
  const loaded = useData(async (abort) => entriesOf(await (await ask("GET", `${route}/files`, undefined, abort)).text()), [route]);
  return (
    <Shown of={loaded} what="the files">
      {(entries) => (entries.length === 0 ? <Empty title="No files">This version holds nothing.</Empty> : <Browser route={route} entries={entries} />)}
    </Shown>
  );
}

function Browser({ route, entries }: { route: string; entries: EntryView[] }) {
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
            <Folder route={route} entries={entries} folder={folder} />
          </>
        ) : (
          <Rows route={route} files={entries.filter((entry) => entry.path.toLowerCase().includes(search))} whole />
        )}
      </div>
      {looked ? <Look key={looked.path} route={route} entry={looked} /> : <p class="dim">Choose a file to look at it here.</p>}
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

function Folder({ route, entries, folder }: { route: string; entries: EntryView[]; folder: string }) {
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
      <Rows route={route} files={files} />
    </>
  );
}

function Rows({ route, files, whole }: { route: string; files: EntryView[]; whole?: boolean }) {
  const [shown, setShown] = useState(MANY);
  if (files.length === 0) return whole ? <p class="dim">No file has that in its path.</p> : null;
  return (
    <>
      <table class="artifacts-table artifacts-list" aria-label="Files">
        <tbody>
          {files.slice(0, shown).map((entry) => (
            <FileRow key={entry.path} route={route} entry={entry} whole={whole ?? false} />
          ))}
        </tbody>
      </table>
      {files.length > shown && <button onClick={() => setShown(shown + MANY)}>Show more of {count(files.length, "file")}</button>}
    </>
  );
}

function FileRow({ route, entry, whole }: { route: string; entry: EntryView; whole: boolean }) {
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
        {!entry.ref && (
          <button class="quiet" aria-label={`Download ${entry.path}`} onClick={() => void download(route, entry.path)}>
            Download
          </button>
        )}
      </td>
    </tr>
  );
}

/** The bytes need the token, which a plain link would not send. */
async function download(route: string, file: string): Promise<void> {
  await tried(async () => {
    const answer = await ask("GET", route + path`/files/${file}`);
    save(file.slice(file.lastIndexOf("/") + 1), await answer.blob());
  });
}

function Look({ route, entry }: { route: string; entry: EntryView }) {
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
        <Preview route={route} entry={entry} />
      )}
    </section>
  );
}
