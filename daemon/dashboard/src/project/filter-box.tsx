/** The box that filters runs: applied when it says something whole, with what is wrong beneath it. */
import { useEffect, useRef, useState } from "preact/hooks";

import { Menu } from "../ui/menu";
import { FilterError, parseFilter } from "./filter";

const LATER_MS = 350;

/** What is wrong with a text; nothing where it is a filter. */
export function wrong(text: string): FilterError | null {
  try {
    parseFilter(text);
    return null;
  } catch (error) {
    return error as FilterError;
  }
}

export function FilterBox({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(value);
  // What comes back from us is not followed: more may have been typed since.
  const said = useRef(value);
  useEffect(() => {
    if (value === said.current) return;
    said.current = value;
    setText(value);
  }, [value]);
  const error = wrong(text);
  const apply = () => {
    if (error || text === said.current) return;
    said.current = text;
    onChange(text);
  };
  useEffect(() => {
    const timer = setTimeout(apply, LATER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="project-filter">
      <input
        type="search"
        aria-label="Filter runs"
        aria-invalid={error !== null}
        aria-describedby={error ? "project-filter-wrong" : undefined}
        placeholder="state = finished and config.lr > 0.01"
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && apply()}
      />
      <Menu class="quiet" title="How to filter" label={<span aria-label="How to filter">?</span>}>
        {() => <Help />}
      </Menu>
      {error && (
        <p id="project-filter-wrong" class="project-wrong" role="status">
          <code>
            {text.slice(Math.max(0, error.at - 12), error.at)}
            <mark>{text.slice(error.at, error.at + 10) || "…"}</mark>
          </code>{" "}
          {error.message}
        </p>
      )}
    </div>
  );
}

const EXAMPLES = [
  "state = running",
  "config.lr >= 0.01 and summary.loss < 2",
  "name ~ \"resnet|vit\" or tag = best",
  "not (state in (failed, crashed))",
  "config.dropout exists and created > 2026-01-31",
  "{\"config.lr\": {\"$gt\": 0.01}}",
];

function Help() {
  return (
    <div class="project-help">
      <p>
        Fields: name, id, state, tag, group, job_type, user, notes, created, updated, duration, config.KEY, summary.KEY.
        Signs: = != &lt; &lt;= &gt; &gt;= ~ (matches) !~, in (…), exists; and, or, not, ( ).
      </p>
      <ul>
        {EXAMPLES.map((one) => (
          <li key={one}>
            <code>{one}</code>
          </li>
        ))}
      </ul>
      <p>The last is a filter as W&amp;B's API has it.</p>
    </div>
  );
}
