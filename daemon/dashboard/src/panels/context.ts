/** What a panel is shown in: the runs of its grid's run sets. */
import type { ShownRun } from "./runset";

export interface PanelContext {
  /** The report's, or the workspace's. */
  entity: string;
  project: string;
  /** The runs that are shown, first those of the first run set. */
  runs: ShownRun[];
}
