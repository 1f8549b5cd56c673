/** The files of a version as folders, and how each can be shown. Pure. */
import type { EntryView } from "../api";

export interface Folder {
  name: string;
  path: string;
  bytes: number;
  files: number;
}

export interface Listing {
  folders: Folder[];
  files: EntryView[];
}

/** What lies in a folder (`""`: the top), folders with the sums of what is in them. */
export function listing(entries: EntryView[], folder: string): Listing {
  const prefix = folder === "" ? "" : `${folder}/`;
  const folders = new Map<string, Folder>();
  const files: EntryView[] = [];
  for (const entry of entries) {
    if (!entry.path.startsWith(prefix)) continue;
    const rest = entry.path.slice(prefix.length);
    const slash = rest.indexOf("/");
    if (slash < 0) {
      files.push(entry);
      continue;
    }
    const name = rest.slice(0, slash);
    const known = folders.get(name) ?? { name, path: prefix + name, bytes: 0, files: 0 };
    known.bytes += entry.size ?? 0;
    known.files += 1;
    folders.set(name, known);
  }
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name, undefined, { numeric: true });
  files.sort((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }));
  return { folders: [...folders.values()].sort(byName), files };
}

/** The folders above a path, the top first. */
export function above(path: string): { name: string; path: string }[] {
  const parts = path.split("/").filter(Boolean);
  return parts.map((name, at) => ({ name, path: parts.slice(0, at + 1).join("/") }));
}

/** A JSON object a line. */
export function entriesOf(lines: string): EntryView[] {
  return lines.split("\n").filter(Boolean).map((line) => JSON.parse(line) as EntryView);
}
