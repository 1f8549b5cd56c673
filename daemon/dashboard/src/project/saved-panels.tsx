/** The panels of a saved view that another program wrote. */
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";

import { get, path, type RunItem, type View as ViewItem } from "../api";
import { useData } from "../data";
import { Panel } from "../panels/panel";
import { shownRuns } from "../panels/runset";
import type { GridSpec } from "../panels/spec";
import { InSight } from "../ui/in-sight";
import { Empty, Shown } from "../ui/state";
import { readSpec } from "./saved-spec";

const HEIGHT = 260;

/** The saved view that is open, if one is. */
function useSaved(entity: string, project: string, id: string) {
  return useData(
    async (signal) => (id === "" ? null : await get<ViewItem>(path`/v1/views/${entity}/${project}/${id}`, {}, signal)),
    [entity, project, id],
  );
}

/** The panels of a saved view of another's making; else what is given. */
export function SavedPanels(props: {
  entity: string;
  project: string;
  id: string;
  runs: readonly RunItem[];
  children: ComponentChildren;
}) {
  const { entity, project, id, runs } = props;
  const view = useSaved(entity, project, id);
  const read = useMemo(() => (view.data?.spec ? readSpec(view.data.spec, id) : null), [view.data, id]);
  const context = useMemo(() => {
    const set = { ...read?.runSet, selections: {} };
    const grid: GridSpec = { customRunColors: read?.colors ?? {} };
    return { entity, project, runs: shownRuns(grid, set, [...runs]) };
  }, [entity, project, read, runs]);
  if (id === "" || read?.ours) return <>{props.children}</>;
  return (
    <Shown of={view} what="the view">
      {() =>
        read && read.sections.some((section) => section.panels.length > 0) ? (
          read.sections.map((section) => (
            <details key={section.name} class="project-section" open={section.isOpen}>
              <summary>
                {section.name} <span class="badge">{section.panels.length}</span>
              </summary>
              <div class="project-grid">
                {section.panels.map((panel, at) => (
                  <InSight key={panel.__id__ ?? at} height={HEIGHT}>
                    {() => <Panel spec={panel} context={context} height={HEIGHT} />}
                  </InSight>
                ))}
              </div>
            </details>
          ))
        ) : read ? (
          // A workspace that lists no panels shows those that are made by themselves.
          props.children
        ) : (
          <Empty title="This view is gone">It may have been deleted; choose another, or all metrics, under Views.</Empty>
        )
      }
    </Shown>
  );
}
