/** What of a run can be edited in its place: its name, its notes, its tags. */
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { patch, path, type EditRun, type RunPath } from "../api";
import { Markdown } from "../ui/markdown";
import { tried } from "../ui/toast";

/** Saves a change: whether it was saved. */
export type SaveRun = (change: EditRun) => Promise<boolean>;

export async function saveRun({ entity, project, run }: RunPath, change: EditRun, again: () => void): Promise<boolean> {
  const done = await tried(() => patch(path`/v1/runs/${entity}/${project}/${run}`, change));
  if (done) again();
  return done;
}

/** Puts the focus into what is edited when the editing begins. */
function useFocus<T extends HTMLElement>(editing: boolean): RefObject<T | null> {
  const ref = useRef<T>(null);
  useEffect(() => ref.current?.focus(), [editing]);
  return ref;
}

export function EditableName({ name, save }: { name: string; save: SaveRun | null }) {
  const [text, setText] = useState<string | null>(null);
  const field = useFocus<HTMLInputElement>(text !== null);
  if (text === null || !save) {
    return (
      <h1>
        {name}
        {save && (
          <button class="quiet" aria-label="Edit the name" title="Edit the name" onClick={() => setText(name)}>
            ✎
          </button>
        )}
      </h1>
    );
  }
  const submit = async (event: Event) => {
    event.preventDefault();
    if (text.trim() === name || (await save({ name: text.trim() }))) setText(null);
  };
  return (
    <form class="run-edit-name" onSubmit={(event) => void submit(event)}>
      <input ref={field} required maxLength={500} aria-label="Name of the run" value={text} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={(event) => event.key === "Escape" && setText(null)} />
      <button class="main">Save</button>
      <button type="button" onClick={() => setText(null)}>
        Cancel
      </button>
    </form>
  );
}

export function EditableNotes({ notes, save }: { notes: string; save: SaveRun | null }) {
  const [text, setText] = useState<string | null>(null);
  const field = useFocus<HTMLTextAreaElement>(text !== null);
  if (text === null || !save) {
    return (
      <section aria-label="Notes">
        <header class="run-head">
          <h2>Notes</h2>
          {save && (
            <button class="quiet" onClick={() => setText(notes)}>
              {notes ? "Edit notes" : "Write notes"}
            </button>
          )}
        </header>
        {notes ? <Markdown text={notes} /> : <p class="dim">None.</p>}
      </section>
    );
  }
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await save({ notes: text })) setText(null);
  };
  return (
    <form class="run-edit-notes" aria-label="Notes" onSubmit={(event) => void submit(event)}>
      <h2>Notes</h2>
      <textarea ref={field} rows={8} aria-label="Notes, in markdown" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <p>
        <button class="main">Save notes</button>{" "}
        <button type="button" onClick={() => setText(null)}>
          Cancel
        </button>{" "}
        <span class="dim">Markdown</span>
      </p>
    </form>
  );
}

export function EditableTags({ tags, save }: { tags: readonly string[]; save: SaveRun | null }) {
  const [text, setText] = useState("");
  const add = async (event: Event) => {
    event.preventDefault();
    const tag = text.trim();
    if (!tag || !save) return;
    if (tags.includes(tag) || (await save({ tags: [...tags, tag] }))) setText("");
  };
  return (
    <div class="run-tags" role="group" aria-label="Tags">
      {tags.map((tag) => (
        <span key={tag} class="run-tag">
          {tag}
          {save && (
            <button class="quiet" aria-label={`Remove tag ${tag}`} onClick={() => void save({ tags: tags.filter((one) => one !== tag) })}>
              ✕
            </button>
          )}
        </span>
      ))}
      {save ? (
        <form onSubmit={(event) => void add(event)}>
          <input size={10} placeholder="Add a tag" aria-label="Add a tag" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </form>
      ) : (
        tags.length === 0 && <span class="dim">none</span>
      )}
    </div>
  );
}
