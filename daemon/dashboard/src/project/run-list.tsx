/** The runs beside the charts: searched, filtered, sorted, grouped, shown and hidden. */
import { useMemo, useState } from "preact/hooks";

import type { Keys, RunItem } from "../api";
import { runColor, setRunColor } from "../chart/colors";
import { sayHover } from "../chart/hover";
import { to } from "../routes";
import { SyncBadge } from "../ui/badge";
import { count } from "../ui/format";
import { Virtual } from "../ui/virtual";
import { fieldsOf, groupable, labelOf, said, sortable, titleOf, valueOf } from "./fields";
import { FilterBox } from "./filter-box";
import { rowsOf, type Row } from "./rows";
import type { Runs } from "./runs";
import type { ChangeView } from "./use-view";
import { isShown, MOST_SHOWN, withEyes, type View } from "./view";

const ROW = 30;

/** Pointing at a run, or a group, makes its lines stand out in all charts. */
function pointing(run: string) {
  const say = (at: string | null) => sayHover(at === null ? null : { source: null, along: "step", x: null, run: at });
  return { onMouseEnter: () => say(run), onMouseLeave: () => say(null) };
}

interface RunListProps {
  view: View;
  change: ChangeView;
  list: Runs;
  keys: Keys | undefined;
  onMore: () => void;
}

export function RunList(props: RunListProps) {
  const { view, list } = props;
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const by = view.group.join();
  const rows = useMemo(() => rowsOf(list.runs, view.group, unfolded), [list.runs, by, unfolded]);
  const fold = (label: string) =>
    setUnfolded((was) => new Set(was.has(label) ? [...was].filter((one) => one !== label) : [...was, label]));
  const field = view.sort.replace(/^[-+]/, "");
  const row = (one: Row) =>
    one.kind === "group" ? (
      <GroupRow key={`group ${one.label}`} row={one} {...props} onFold={() => fold(one.label)} />
    ) : (
      <RunRow key={one.run.run} run={one.run} indent={one.inGroup} field={field} {...props} />
    );
  return (
    <>
      <Controls {...props} />
      <Virtual
        class="project-runs"
        label="Runs"
        row={ROW}
        count={rows.length}
        onEnd={() => list.more && props.onMore()}
        children={(first, end) => <div role="list">{rows.slice(first, end).map(row)}</div>}
      />
    </>
  );
}

function Controls({ view, change, list, keys }: RunListProps) {
  const shown = list.runs.filter((run) => isShown(view.eyes, run.run)).length;
  const fields = fieldsOf(keys).filter(sortable);
  const falling = view.sort.startsWith("-");
  const field = view.sort.replace(/^[-+]/, "");
  return (
    <div class="project-controls">
      <input
        type="search"
        aria-label="Search runs by name"
        placeholder="Search runs (regex)"
        value={view.search}
        onInput={(event) => change({ search: event.currentTarget.value })}
      />
      <FilterBox value={view.filter} onChange={(filter) => change({ filter })} />
      <div class="project-line">
        <label>
          Sort
          <select value={field} onChange={(event) => change({ sort: `${falling ? "-" : "+"}${event.currentTarget.value}` })}>
            {fields.map((one) => (
              <option key={one} value={one}>
                {one.includes(".") ? one : titleOf(one)}
              </option>
            ))}
          </select>
        </label>
        <button
          aria-label={falling ? "Greatest first" : "Least first"}
          title={falling ? "Greatest first" : "Least first"}
          onClick={() => change({ sort: `${falling ? "+" : "-"}${field}` })}
        >
          {falling ? "↓" : "↑"}
        </button>
      </div>
      <GroupBy view={view} change={change} keys={keys} />
      <div class="project-line">
        <label class="project-check">
          <input
            type="checkbox"
            checked={shown > 0 && shown === list.runs.length}
            ref={(box) => void (box && (box.indeterminate = shown > 0 && shown < list.runs.length))}
            onChange={(event) => change({ eyes: { open: event.currentTarget.checked, except: [] } })}
          />
          Show all
        </label>
        <span class="dim project-count">
          {shown} of {count(list.total, "run")} shown
        </span>
        {shown > MOST_SHOWN && <span class="dim">The charts draw the first {MOST_SHOWN}.</span>}
      </div>
    </div>
  );
}

function GroupBy({ view, change, keys }: Pick<RunListProps, "view" | "change" | "keys">) {
  const left = groupable(keys).filter((field) => !view.group.includes(field));
  return (
    <div class="project-line">
      <label>
        Group
        <select value="" onChange={(event) => change({ group: [...view.group, event.currentTarget.value] })}>
          <option value="">{view.group.length === 0 ? "not grouped" : "and by …"}</option>
          {left.map((field) => (
            <option key={field} value={field}>
              {field.includes(".") ? field : titleOf(field)}
            </option>
          ))}
        </select>
      </label>
      {view.group.map((field) => (
        <button
          key={field}
          class="project-chip"
          aria-label={`Do not group by ${field}`}
          onClick={() => change({ group: view.group.filter((one) => one !== field) })}
        >
          {titleOf(field)} ✕
        </button>
      ))}
    </div>
  );
}

/** Opens and closes the eye of one run, or of a group's. */
function Eye(props: { of: string; shown: boolean; onChange: (shown: boolean) => void }) {
  return (
    <button
      class="quiet project-eye"
      aria-pressed={props.shown}
      aria-label={`Show ${props.of}`}
      title={props.shown ? "Hide" : "Show"}
      onClick={() => props.onChange(!props.shown)}
    >
      <EyeIcon shut={!props.shown} />
    </button>
  );
}

function EyeIcon({ shut }: { shut: boolean }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.3" aria-hidden="true">
      <path d="M1 8s2.6-4.5 7-4.5S15 8 15 8s-2.6 4.5-7 4.5S1 8 1 8z" />
      {shut ? <path d="M2 14 14 2" /> : <circle cx="8" cy="8" r="2" fill="currentColor" />}
    </svg>
  );
}

/** The colour, and how to choose another. */
export function Swatch({ of, name }: { of: string; name: string }) {
  return (
    <input
      type="color"
      class="project-swatch"
      aria-label={`Colour of ${name}`}
      title="Choose a colour; Delete takes the choice back"
      value={runColor(of)}
      onInput={(event) => setRunColor(of, event.currentTarget.value)}
      onKeyDown={(event) => event.key === "Delete" && setRunColor(of, null)}
    />
  );
}

function RunRow(props: RunListProps & { run: RunItem; indent: boolean; field: string }) {
  const { run, view, change, field } = props;
  const name = run.name || run.run;
  const shown = isShown(view.eyes, run.run);
  const value = field.includes(".") ? said(field, valueOf(run, field)) : null;
  return (
    <div role="listitem" {...pointing(props.indent ? labelOf(run, view.group) : run.run)} class={`project-run ${props.indent ? "inside" : ""} ${shown ? "" : "hidden-run"}`}>
      <Eye of={name} shown={shown} onChange={(open) => change((was) => ({ ...was, eyes: withEyes(was.eyes, [run.run], open) }))} />
      <Swatch of={run.run} name={name} />
      <a href={to.run(run.entity, run.project, run.run)} title={`${name} (${run.run})`}>
        {name}
      </a>
      {value && <span class="dim mono">{value}</span>}
      <span class={`project-dot state-${run.state}`} role="img" aria-label={run.state} title={run.state} />
      <SyncBadge sync={run.sync} />
    </div>
  );
}

function GroupRow(props: RunListProps & { row: Row & { kind: "group" }; onFold: () => void }) {
  const { row, view, change } = props;
  const ids = row.runs.map((run) => run.run);
  const shown = ids.some((run) => isShown(view.eyes, run));
  return (
    <div role="listitem" {...pointing(row.label)} class={`project-run project-group ${shown ? "" : "hidden-run"}`}>
      <Eye of={row.label} shown={shown} onChange={(open) => change((was) => ({ ...was, eyes: withEyes(was.eyes, ids, open) }))} />
      <Swatch of={row.label} name={row.label} />
      <button class="quiet" aria-expanded={row.open} onClick={props.onFold} title={row.label}>
        {row.open ? "▾" : "▸"} {row.label}
      </button>
      <span class="dim">{row.runs.length}</span>
    </div>
  );
}
