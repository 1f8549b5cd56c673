/** A report as it is read: its blocks, with live panels. */
import { useEffect, useMemo } from "preact/hooks";

import { PanelGrid } from "../panels/panel-grid";
import { Empty } from "../ui/state";
import { BlockView } from "./block";
import { contents, isEmpty, type Block } from "./blocks";
import type { Doc } from "./doc";
import { EnvProvider, type ReportEnv } from "./env";

/** What blocks are shown in on a page. */
export function usePageEnv(doc: Doc, entity: string, project: string): ReportEnv {
  return useMemo(() => {
    const grid = (block: Block) => <PanelGrid grid={block.metadata ?? {}} entity={entity} project={project} />;
    return { entity, project, grid, ...contents(doc.pieces.map((one) => one.block)) };
  }, [doc, entity, project]);
}

export function Reading({ doc, entity, project }: { doc: Doc; entity: string; project: string }) {
  const env = usePageEnv(doc, entity, project);
  // The part that the address names was not there yet when the page was loaded.
  useEffect(() => document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView(), []);
  if (doc.pieces.every((one) => isEmpty(one.block))) return <Empty title="This report is empty">Edit it to write something.</Empty>;
  return (
    <EnvProvider value={env}>
      <div class="reports-body">
        {doc.pieces.map((one) => (
          <BlockView key={one.key} block={one.block} />
        ))}
      </div>
    </EnvProvider>
  );
}
