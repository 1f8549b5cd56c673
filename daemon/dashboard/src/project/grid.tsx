/** The table itself: only rows in sight are on the page; columns sort, are resized, and stay where they are pinned. */
import type { RunItem } from "../api";
import { to } from "../routes";
import { StateBadge, SyncBadge } from "../ui/badge";
import { ago, time } from "../ui/format";
import { Virtual } from "../ui/virtual";
import { bounded, inOrder, offsets, widthOf, type Columns } from "./columns";
import { said, sortable, titleOf, valueOf } from "./fields";
import { Swatch } from "./run-list";

const ROW = 32;
/** Of the column with the boxes. */
const BOX = 34;

type Style = Record<string, string>;

export interface GridProps {
  runs: readonly RunItem[];
  total: number;
  columns: Columns;
  sort: string;
  chosen: ReadonlySet<string>;
  onSort: (sort: string) => void;
  onColumns: (columns: Columns) => void;
  onChoose: (chosen: ReadonlySet<string>) => void;
  onEnd: () => void;
}

export function Grid(props: GridProps) {
  const { runs, columns, chosen, onChoose } = props;
  const fields = inOrder(columns);
  const width = BOX + fields.reduce((all, field) => all + widthOf(columns, field), 0);
  const left = offsets(columns, BOX);
  const toggle = (run: string) => onChoose(new Set(chosen.has(run) ? [...chosen].filter((one) => one !== run) : [...chosen, run]));
  return (
    <Virtual
      class="project-table"
      role="table"
      label="Runs"
      row={ROW}
      count={runs.length}
      onEnd={props.onEnd}
      head={<Head {...props} fields={fields} left={left} width={width} />}
      children={(first, end) => (
        <div role="rowgroup" style={{ width: `${width}px` }}>
          {runs.slice(first, end).map((run) => (
            <div key={run.run} role="row" class={`project-row ${chosen.has(run.run) ? "chosen" : ""}`}>
              <span role="cell" class="project-cell project-pinned" style={{ width: `${BOX}px`, left: "0px" }}>
                <input type="checkbox" aria-label={`Select ${run.name || run.run}`} checked={chosen.has(run.run)} onChange={() => toggle(run.run)} />
              </span>
              {fields.map((field) => (
                <Cell key={field} run={run} field={field} style={place(columns, field, left)} pinned={field in left} />
              ))}
            </div>
          ))}
        </div>
      )}
    />
  );
}

function place(columns: Columns, field: string, left: Record<string, number>): Style {
  const width = `${widthOf(columns, field)}px`;
  return field in left ? { width, left: `${left[field]}px` } : { width };
}

function Head(props: GridProps & { fields: string[]; left: Record<string, number>; width: number }) {
  const { runs, chosen, onChoose, columns, left } = props;
  const all = runs.length > 0 && runs.every((run) => chosen.has(run.run));
  return (
    <div role="rowgroup" class="project-head" style={{ width: `${props.width}px` }}>
      <div role="row" class="project-row">
        <span role="columnheader" class="project-cell project-pinned" style={{ width: `${BOX}px`, left: "0px" }}>
          <input
            type="checkbox"
            aria-label="Select all runs that are loaded"
            checked={all}
            onChange={() => onChoose(new Set(all ? [] : runs.map((run) => run.run)))}
          />
        </span>
        {props.fields.map((field) => (
          <HeadCell key={field} {...props} field={field} style={place(columns, field, left)} pinned={field in left} />
        ))}
      </div>
    </div>
  );
}

function HeadCell(props: GridProps & { field: string; style: Style; pinned: boolean }) {
  const { field, sort, columns, onColumns } = props;
  const by = sort.replace(/^[-+]/, "") === field;
  const falling = sort.startsWith("-");
  const widen = (width: number) => onColumns({ ...columns, widths: { ...columns.widths, [field]: bounded(width) } });
  const drag = (event: PointerEvent) => {
    const handle = event.currentTarget as HTMLElement;
    const [from, width] = [event.clientX, widthOf(columns, field)];
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (move) => widen(width + move.clientX - from);
    handle.onpointerup = () => void (handle.onpointermove = handle.onpointerup = null);
  };
  const key = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
    if (step) widen(widthOf(columns, field) + step);
  };
  return (
    <span
      role="columnheader"
      aria-sort={by ? (falling ? "descending" : "ascending") : undefined}
      class={`project-cell ${props.pinned ? "project-pinned" : ""}`}
      style={props.style}
      title={field}
    >
      {sortable(field) ? (
        <button class="quiet" onClick={() => props.onSort(`${by && falling ? "+" : "-"}${field}`)}>
          {titleOf(field)} {by && <span aria-hidden="true">{falling ? "↓" : "↑"}</span>}
        </button>
      ) : (
        <span class="project-title">{titleOf(field)}</span>
      )}
      <span
        class="project-handle"
        role="separator"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label={`Width of ${titleOf(field)}`}
        aria-valuenow={widthOf(columns, field)}
        onPointerDown={drag}
        onKeyDown={key}
      />
    </span>
  );
}

function Cell(props: { run: RunItem; field: string; style: Style; pinned: boolean }) {
  const { run, field } = props;
  const value = valueOf(run, field);
  const right = typeof value === "number" && field !== "created" && field !== "updated";
  const text = said(field, value);
  return (
    <span
      role="cell"
      class={`project-cell ${props.pinned ? "project-pinned" : ""} ${right ? "number" : ""}`}
      style={props.style}
      title={typeof value === "number" && right ? String(value) : text}
    >
      <Content run={run} field={field} value={value} text={text} />
    </span>
  );
}

function Content({ run, field, value, text }: { run: RunItem; field: string; value: unknown; text: string }) {
  switch (field) {
    case "name":
      return (
        <>
          <Swatch of={run.run} name={text} />
          <a href={to.run(run.entity, run.project, run.run)}>{text}</a>
        </>
      );
    case "state":
      return <StateBadge state={run.state} />;
    case "sync":
      return <SyncBadge sync={run.sync} />;
    case "created":
    case "updated":
      return <time title={time(value as number)}>{ago(value as number)}</time>;
    case "tags":
      return (
        <>
          {(run.tags ?? []).map((tag) => (
            <span key={tag} class="badge">
              {tag}
            </span>
          ))}
        </>
      );
    default:
      return <>{text}</>;
  }
}
