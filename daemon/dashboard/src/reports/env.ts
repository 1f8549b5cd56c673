/** What the blocks of a report are shown in. */
import { createContext, type ComponentChildren } from "preact";
import { useContext } from "preact/hooks";

import type { Block, Entry } from "./blocks";

export interface ReportEnv {
  entity: string;
  project: string;
  /** For the table of contents. */
  entries: Entry[];
  anchors: Map<Block, string>;
  /** Draws a `panel-grid`. */
  grid: (block: Block) => ComponentChildren;
  /** In a file that nobody serves: the images that were put into it, by their address. */
  file?: Map<string, string>;
}

const Context = createContext<ReportEnv | null>(null);

export const EnvProvider = Context.Provider;

export function useEnv(): ReportEnv {
  const env = useContext(Context);
  if (!env) throw new Error("blocks are shown in a report only");
  return env;
}
