/** The run sets of a grid: which are drawn, and which of their runs. */
import { useState } from "preact/hooks";

import { runColor } from "../chart/colors";
import { to } from "../routes";
import { StateBadge } from "../ui/badge";
import { ago, count } from "../ui/format";
import { hides, colorOf, withShown } from "./runset";
import type { GridSpec, RunSetSpec } from "./spec";
import { MOST, projectOf, type Found } from "./use-runs";

interface Props {
  grid: GridSpec;
  found: Found[] | undefined;
  here: { entity: string; project: string };
  onChange: (grid: GridSpec) => void;
}

/** A tab for each run set; the open one lists its runs. */
export function RunSets({ grid, found, here, onChange }: Props) {
  const [open, setOpen] = useState<number | null>(null);
  const sets = grid.runSets ?? [];
  const change = (at: number, set: RunSetSpec) => onChange({ ...grid, runSets: sets.map((one, other) => (other === at ? set : one)) });
  return (
    <div class="panels-sets">
      <ul aria-label="Run sets">
        {sets.map((set, at) => {
          const name = set.name || `Run set ${at + 1}`;
          const enabled = set.enabled !== false;
          return (
            <li key={set.id ?? at}>
              <input type="checkbox" aria-label={`Show ${name}`} checked={enabled} onChange={() => change(at, { ...set, enabled: !enabled })} />
              <button class="quiet" aria-expanded={open === at} onClick={() => setOpen(open === at ? null : at)}>
                {name} <span class="dim">{found?.[at] ? found[at].total : "…"}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {open !== null && sets[open] && (
        <Runs grid={grid} set={sets[open]} found={found?.[open]} here={here} onSet={(set) => change(open, set)} />
      )}
    </div>
  );
}

function Runs(props: { grid: GridSpec; set: RunSetSpec; found: Found | undefined; here: Props["here"]; onSet: (set: RunSetSpec) => void }) {
  const { set, found } = props;
  const { entity, project } = projectOf(set, props.here);
  if (!found) return null;
  if (found.runs.length === 0) return <p class="panels-nothing">{`No run of ${entity}/${project} is in this run set`}</p>;
  return (
    <div class="panels-scroll panels-runs" tabIndex={0} role="region" aria-label={`Runs of ${set.name ?? "the run set"}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {found.runs.map((run) => (
            <tr key={run.run}>
              <td>
                <input type="checkbox" aria-label={`Show run ${run.name ?? run.run}`} checked={!hides(set, run.run)} onChange={() => props.onSet(withShown(set, run.run, hides(set, run.run)))} />
                <span class="panels-mark" style={{ background: colorOf(props.grid.customRunColors?.[run.run]) ?? runColor(run.run) }} />
                <a href={to.run(run.entity, run.project, run.run)}>{run.name ?? run.run}</a>
              </td>
              <td><StateBadge state={run.state} /></td>
              <td class="dim">{ago(run.created_us)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.total > found.runs.length && <p class="dim">{`The first ${MOST} of ${count(found.total, "run")} are drawn`}</p>}
    </div>
  );
}
