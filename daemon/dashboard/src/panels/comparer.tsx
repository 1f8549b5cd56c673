/** W&B's run comparer: a table of what runs have in common and where they differ. */
import { useState } from "preact/hooks";

import type { JsonValue } from "../api";
import { runColor } from "../chart/colors";
import { to } from "../routes";
import { number } from "../ui/format";
import { Frame, Nothing } from "./axes";
import { comparison, type Row } from "./comparison";
import type { PanelContext } from "./context";
import type { Fields } from "./spec";

/** Runs beside each other at most. */
const MOST = 20;

export function ComparerPanel({ config, context, height }: { config: Fields; context: PanelContext; height: number }) {
  const [only, setOnly] = useState(config["diffOnly"] === true || config["diffOnly"] === "split");
  const runs = context.runs.slice(0, MOST);
  if (runs.length === 0) return <Nothing>No run is shown</Nothing>;
  const all = comparison(runs.map((one) => one.run));
  const rows = all.filter((row) => !only || row.differs);
  const left = context.runs.length - runs.length;
  return (
    <Frame title="Runs compared" note={left > 0 ? `the first ${MOST}` : undefined}>
      <label class="panels-only">
        <input type="checkbox" checked={only} onChange={(event) => setOnly(event.currentTarget.checked)} /> Only differences
      </label>
      <div class="panels-scroll" style={{ height: `${Math.max(80, height - 62)}px` }} tabIndex={0} role="region" aria-label="Runs compared">
        {rows.length === 0 ? (
          <Nothing>These runs do not differ</Nothing>
        ) : (
          <table class="panels-compare">
            <thead>
              <tr>
                <th scope="col">Field</th>
                {runs.map(({ run, color }) => (
                  <th key={`${run.project}/${run.run}`} scope="col">
                    <span class="panels-mark" style={{ background: color ?? runColor(run.run) }} />
                    <a href={to.run(run.entity, run.project, run.run)}>{run.name ?? run.run}</a>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Line key={`${row.section} ${row.key}`} row={row} />
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Frame>
  );
}

function Line({ row }: { row: Row }) {
  return (
    <tr class={row.differs ? "differs" : ""}>
      <th scope="row">
        <span class="dim">{row.section === "run" ? "" : `${row.section} `}</span>
        {row.key}
      </th>
      {row.values.map((value, at) => (
        <td key={at}>{said(value)}</td>
      ))}
    </tr>
  );
}

function said(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "–";
  return typeof value === "object" ? JSON.stringify(value).slice(0, 200) : typeof value === "number" ? number(value) : String(value);
}
