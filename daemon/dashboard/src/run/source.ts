/** Where the files of a run or of an artifact's version are asked for. Knows no kind of file. */
import { get, path, type Framed, type RunPath } from "../api";

export interface Source {
  /** The path that a file's bytes are at. */
  file: (name: string) => string;
  /** Where a user's HTML or SVG can be shown without privileges: asked for, for it expires. */
  frame: (name: string, signal?: AbortSignal) => Promise<Framed>;
}

export function ofRun({ entity, project, run }: RunPath): Source {
  return at(path`/v1/runs/${entity}/${project}/${run}`);
}

/** `name`: `COLLECTION:vN`, or another name of the version. */
export function ofArtifact(entity: string, project: string, name: string): Source {
  return at(path`/v1/artifacts/${entity}/${project}/${name}`);
}

function at(base: string): Source {
  return {
    file: (name) => `${base}/files/${path`${name}`}`,
    frame: (name, signal) => get<Framed>(`${base}/frame/${path`${name}`}`, {}, signal),
  };
}
