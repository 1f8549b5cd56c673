/** The files of a run: a tree with sizes, each file looked at or downloaded. */
import { useMemo, useState } from "preact/hooks";

import { get, path } from "../api";
import { listing } from "../artifacts/files";
import { useLive } from "../live";
import { useData } from "../data";
import { go, to } from "../routes";
import { ago, bytes, count } from "../ui/format";
import { Empty, Shown } from "../ui/state";
import { Download } from "./media";
import type { TabProps } from "./page";
import { FilePreview } from "./preview";
import { ofRun, type Source } from "./source";

/** As the route lists it. */
interface RunFile {
  path: string;
  bytes: number | null;
  updated_us: number;
}

/** Rows of a folder that are shown at first. */
const SHOWN = 200;

export function Files({ run, rest }: TabProps) {
  const { entity, project } = run;
  const files = useData((abort) => get<{ list: RunFile[] }>(path`/v1/runs/${entity}/${project}/${run.run}/files`, {}, abort), [entity, project, run.run]);
  useLive({ entity, project }, (changed) => changed.runs.some((one) => one === run.run || one === "*"), files.again);
  const source = useMemo(() => ofRun(run), [entity, project, run.run]);
  const looked = rest.join("/");
  const look = (name: string) => go(`${to.run(entity, project, run.run, "files")}/${path`${name}`}`, looked !== "");
  return (
    <Shown of={files} what="the files">
      {({ list }) =>
        list.length === 0 ? (
          <Empty title="No files yet">
            <p>
              <code>run.save("model.pt")</code> keeps a file with the run.
            </p>
          </Empty>
        ) : (
          <div class="run-files">
            <FileTree list={list} looked={looked} onLook={look} />
            <Look list={list} looked={looked} source={source} />
          </div>
        )
      }
    </Shown>
  );
}

function FileTree({ list, looked, onLook }: { list: RunFile[]; looked: string; onLook: (name: string) => void }) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const found = useMemo(() => list.filter((file) => file.path.toLowerCase().includes(wanted)), [list, wanted]);
  const entries = useMemo(() => found.map((file) => ({ path: file.path, digest: "", size: file.bytes })), [found]);
  const times = useMemo(() => new Map(list.map((file) => [file.path, file.updated_us])), [list]);
  const total = list.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  return (
    <nav class="run-file-tree" aria-label="Files of the run">
      <input type="search" placeholder={`Search ${count(list.length, "file")}, ${bytes(total)}`} aria-label="Search files" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
      {found.length === 0 && <p class="dim">No file has that in its path.</p>}
      <Folder entries={entries} folder="" times={times} open={wanted !== ""} looked={looked} onLook={onLook} />
    </nav>
  );
}

interface FolderProps {
  entries: { path: string; digest: string; size: number | null }[];
  folder: string;
  times: Map<string, number>;
  /** Whether what is in it is shown without being asked for. */
  open: boolean;
  looked: string;
  onLook: (name: string) => void;
}

function Folder(props: FolderProps) {
  const { entries, folder, times, open, looked, onLook } = props;
  const [most, setMost] = useState(SHOWN);
  const { folders, files } = useMemo(() => listing(entries, folder), [entries, folder]);
  return (
    <ul>
      {folders.map((one) => (
        <li key={one.path}>
          <details open={open || looked.startsWith(`${one.path}/`)}>
            <summary>
              {one.name}/{" "}
              <span class="dim">
                {count(one.files, "file")}, {bytes(one.bytes)}
              </span>
            </summary>
            <Folder {...props} folder={one.path} />
          </details>
        </li>
      ))}
      {files.slice(0, most).map((file) => (
        <li key={file.path}>
          <button class="quiet run-file" aria-pressed={file.path === looked} title={file.path} onClick={() => onLook(file.path)}>
            <span>{file.path.slice(file.path.lastIndexOf("/") + 1)}</span>
            <span class="dim">{file.size === null ? "" : bytes(file.size)}</span>
            <span class="dim run-file-time">{ago(times.get(file.path) ?? 0)}</span>
          </button>
        </li>
      ))}
      {files.length > most && (
        <li>
          <button onClick={() => setMost(most * 4)}>Show more of {count(files.length, "file")}</button>
        </li>
      )}
    </ul>
  );
}

function Look({ list, looked, source }: { list: RunFile[]; looked: string; source: Source }) {
  const file = list.find((one) => one.path === looked);
  if (!looked) return <p class="dim">Choose a file to look at it.</p>;
  if (!file) return <Empty title="There is no such file">{looked} is not among the files of this run.</Empty>;
  return (
    <section class="run-look" aria-label={`Preview of ${looked}`}>
      <header class="run-bar">
        <strong>{looked}</strong>
        <span class="dim">{file.bytes !== null && bytes(file.bytes)}</span>
        <Download name={looked} source={source} />
      </header>
      {/* A file that was written again is another one. */}
      <FilePreview key={`${looked} ${file.updated_us}`} source={source} name={looked} size={file.bytes} />
    </section>
  );
}
