/** Shows a table of data: sorted by a click on a column, filtered, a page at a time; media in cells. */
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";

import { count, number } from "../ui/format";
import { csv, save } from "../ui/save";
import { cellText, filterOf, isMedium, sorted, type Order, type TableData } from "./table-data";

const PAGE = 25;

export interface TableViewProps {
  data: TableData;
  /** Of a download. */
  name: string;
  /** Shows a medium; without it media are named. */
  medium?: (cell: Record<string, unknown>) => ComponentChildren;
  note?: ComponentChildren;
}

export function TableView({ data, name, medium, note }: TableViewProps) {
  const [query, setQuery] = useState("");
  const [order, setOrder] = useState<Order | null>(null);
  const [page, setPage] = useState(0);
  const rows = useMemo(() => sorted(data.rows.filter(filterOf(query, data.columns)), order), [data, query, order]);
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  const at = Math.min(page, pages - 1);
  const flip = (column: number) => {
    setOrder(order?.column !== column ? { column, down: false } : order.down ? null : { column, down: true });
  };
  return (
    <div class="run-table">
      <div class="run-bar">
        <input type="search" placeholder="Filter: words, score>0.5, label=cat" aria-label={`Filter rows of ${name}`} value={query} onInput={(event) => setQuery(event.currentTarget.value)} />
        <span class="dim" role="status">
          {rows.length === data.rows.length ? count(rows.length, "row") : `${number(rows.length)} of ${count(data.rows.length, "row")}`}
        </span>
        <button onClick={() => save(`${name}.csv`, csv([data.columns, ...rows.map((row) => row.map(plainCell))]), "text/csv")}>CSV</button>
        {note}
      </div>
      <div class="run-scroll" tabIndex={0} role="region" aria-label={name}>
        <table>
          <thead>
            <tr>
              {data.columns.map((column, index) => (
                <th key={index} aria-sort={order?.column !== index ? "none" : order.down ? "descending" : "ascending"}>
                  <button class="quiet" onClick={() => flip(index)}>
                    {column}
                    {order?.column === index && (order.down ? " ▾" : " ▴")}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(at * PAGE, (at + 1) * PAGE).map((row, index) => (
              <tr key={index}>
                {data.columns.map((_, column) => (
                  <Cell key={column} cell={row[column]} medium={medium} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length === 0 && <p class="dim">{query ? "No row is like that." : "The table has no rows."}</p>}
      </div>
      {pages > 1 && <Pages at={at} pages={pages} onPage={setPage} name={name} />}
    </div>
  );
}

function plainCell(cell: unknown): unknown {
  return isMedium(cell) ? cellText(cell) : cell;
}

function Cell({ cell, medium }: { cell: unknown; medium: TableViewProps["medium"] }) {
  if (isMedium(cell) && medium) return <td>{medium(cell)}</td>;
  if (typeof cell === "number") return <td class="run-number" title={String(cell)}>{number(cell)}</td>;
  const said = cellText(cell);
  if (said.length <= 300) return <td>{said}</td>;
  return (
    <td>
      <details>
        <summary>{said.slice(0, 120)}…</summary>
        {said.slice(0, 100_000)}
      </details>
    </td>
  );
}

function Pages({ at, pages, onPage, name }: { at: number; pages: number; onPage: (page: number) => void; name: string }) {
  return (
    <nav class="run-bar" aria-label={`Pages of ${name}`}>
      <button disabled={at === 0} onClick={() => onPage(at - 1)}>
        Previous
      </button>
      <span>
        page {at + 1} of {number(pages)}
      </span>
      <button disabled={at >= pages - 1} onClick={() => onPage(at + 1)}>
        Next
      </button>
    </nav>
  );
}
