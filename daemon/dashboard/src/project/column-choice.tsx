/** Which columns the runs table has, and which of them stay in sight. */
import { useState } from "preact/hooks";

import type { Keys } from "../api";
import { Menu } from "../ui/menu";
import { withPinned, withShown, type Columns } from "./columns";
import { fieldsOf, titleOf } from "./fields";
import { matcher } from "./sections";

/** More than this are found by searching. */
const MOST = 200;

export function ColumnChoice(props: { columns: Columns; keys: Keys | undefined; onChange: (columns: Columns) => void }) {
  return <Menu label="Columns">{() => <Choice {...props} />}</Menu>;
}

function Choice({ columns, keys, onChange }: { columns: Columns; keys: Keys | undefined; onChange: (columns: Columns) => void }) {
  const [search, setSearch] = useState("");
  const fields = fieldsOf(keys).filter(matcher(search));
  const name = (field: string) => (field.includes(".") ? field : titleOf(field));
  return (
    <div class="project-columns" role="group" aria-label="Columns">
      <input
        type="search"
        aria-label="Search columns"
        placeholder="Search columns"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      {fields.slice(0, MOST).map((field) => (
        <div key={field} class="project-column">
          <label class="project-check">
            <input
              type="checkbox"
              checked={columns.shown.includes(field)}
              onChange={(event) => onChange(withShown(columns, field, event.currentTarget.checked))}
            />
            {name(field)}
          </label>
          <button
            class="quiet"
            aria-pressed={columns.pinned.includes(field)}
            aria-label={`Pin ${name(field)}`}
            onClick={() => onChange(withPinned(columns, field, !columns.pinned.includes(field)))}
          >
            {columns.pinned.includes(field) ? "Unpin" : "Pin"}
          </button>
        </div>
      ))}
      {fields.length > MOST && <p class="dim">{fields.length - MOST} more: search for them.</p>}
    </div>
  );
}
