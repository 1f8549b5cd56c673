/** A report while it is edited: every step can be undone, and nothing is kept until it is saved. */
import { useEffect, useRef, useState } from "preact/hooks";

import { ApiError, type View } from "../api";
import { say } from "../ui/toast";
import { Conflict } from "./conflict";
import { parseDoc, specOf, widthOf, type Doc } from "./doc";
import { insert, moved, removed, replace } from "./edit-doc";
import { EnvProvider } from "./env";
import { begin, redo, step, undo, type History } from "./history";
import { forget, keep, kept } from "./kept";
import { usePageEnv } from "./reading";
import { AddBlock, Row } from "./row";
import { saveCopy, saveOver, type Said } from "./views";

interface Draft {
  title: string;
  description: string;
  doc: Doc;
}

interface Props {
  view: View;
  doc: Doc;
  /** Saved as this, or left as it was. */
  onDone: (saved: View | null) => void;
  onReload: () => void;
}

export function Editor({ view: opened, doc, onDone, onReload }: Props) {
  const [{ start, view }] = useState(() => takenUp(opened, doc));
  const [history, setHistory] = useState(start);
  const [open, setOpen] = useState<number | null>(null);
  const latest = useRef(history);
  latest.current = history;
  const { now } = history;
  const change = (next: Partial<Draft>, about: string | null = null) =>
    setHistory((was) => (latest.current = step(was, { ...was.now, ...next }, about)));
  const onDoc = (edit: (doc: Doc) => Doc, about: string | null = null) =>
    setHistory((was) => {
      const changed = edit(was.now.doc);
      return (latest.current = changed === was.now.doc ? was : step(was, { ...was.now, doc: changed }, about));
    });
  const saving = useSaving(view, latest, onDone);
  const dirty = history.past.length > 0;
  useKeeping(view, history);
  useLeaveWarning(dirty);
  useKeysOf(setHistory, saving.save);
  const env = usePageEnv(now.doc, view.entity, view.project);
  const add = (after: number | null, blocks: Parameters<typeof insert>[2]) => {
    const next = insert(latest.current.now.doc, after, blocks);
    const made = next.pieces.find((one) => !latest.current.now.doc.pieces.includes(one));
    onDoc(() => next);
    if (made) setOpen(made.key);
  };
  const drop = (then: () => void) => (forget(view), then());
  const leave = () => (!dirty || confirm("Drop what you changed?")) && drop(() => onDone(null));
  return (
    <article class={`reports-doc editing ${widthOf(now.doc)}`}>
      <Toolbar history={history} busy={saving.busy} onHistory={setHistory} onSave={saving.save} onLeave={leave} />
      <Words title={now.title} description={now.description} onChange={change} />
      <EnvProvider value={env}>
        <AddBlock at="at the beginning" onAdd={(block) => add(null, [block])} />
        {now.doc.pieces.map((one, at) => (
          <Row
            key={one.key}
            piece={one}
            number={at + 1}
            last={at === now.doc.pieces.length - 1}
            open={open === one.key}
            onOpen={(wanted) => setOpen(wanted ? one.key : null)}
            onReplace={(blocks, about) => onDoc((was) => (blocks.length === 0 ? removed(was, one.key) : replace(was, one.key, blocks)), about ?? null)}
            onMove={(by) => onDoc((was) => moved(was, one.key, by))}
            onRemove={() => onDoc((was) => removed(was, one.key))}
            onAdd={(block) => add(one.key, [block])}
          />
        ))}
      </EnvProvider>
      {saving.conflict && <Conflict view={view} said={saidOf(now)} onClose={saving.close} onReload={() => drop(onReload)} onCopy={saving.copy} />}
    </article>
  );
}

/** The report as it was saved, and after it what this browser kept of an earlier edit. */
function takenUp(view: View, doc: Doc): { start: History<Draft>; view: View } {
  const start = begin<Draft>({ title: view.display_name, description: view.description, doc });
  const found = kept(view);
  const before = found && parseDoc(found.spec);
  if (!found || !before) return { start, view };
  say("What you had not saved is back: undo takes it away");
  // Saved over what was edited then: if it is no longer that, the server says so.
  const of = { ...view, updated_us: found.based_on_us };
  return { start: step(start, { title: found.title, description: found.description, doc: before }), view: of };
}

function useKeeping(view: View, history: History<Draft>): void {
  useEffect(() => {
    if (history.past.length === 0) return forget(view);
    const wait = setTimeout(() => keep(view, saidOf(history.now)), 400);
    return () => clearTimeout(wait);
  }, [history.now]);
}

function saidOf({ title, description, doc }: Draft): Said {
  return { title: title.trim() || "Untitled report", description, spec: specOf(doc) };
}

/** What somebody is typing counts too: a field says what is in it when it is left. */
function leaveField(): void {
  (document.activeElement as HTMLElement | null)?.blur?.();
}

function useSaving(view: View, latest: { current: History<Draft> }, onDone: (saved: View) => void) {
  const [busy, setBusy] = useState(false);
  const [conflict, setConflict] = useState(false);
  const by = async (how: (said: Said) => Promise<View>, done: string) => {
    leaveField();
    setBusy(true);
    try {
      const saved = await how(saidOf(latest.current.now));
      forget(view);
      say(done);
      onDone(saved);
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) setConflict(true);
      else say(`not saved: ${(error as Error).message}${(error as ApiError).hint ? ` – ${(error as ApiError).hint}` : ""}`, true);
    }
    setBusy(false);
  };
  const save = () => void by((said) => saveOver(view, said), "Saved");
  const copy = () => void by((said) => saveCopy(view, { ...said, title: `${said.title} (my copy)` }), "Saved as a copy");
  return { busy, conflict, save, copy, close: () => setConflict(false) };
}

function useLeaveWarning(dirty: boolean): void {
  useEffect(() => {
    if (!dirty) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    // A link of ours does not unload the page: it is asked about here.
    const link = (event: MouseEvent) => {
      const to = (event.target as Element | null)?.closest?.("a[href]");
      if (!to || to.getAttribute("href")!.startsWith("#") || to.getAttribute("target")) return;
      if (!confirm("Leave before you saved? This browser keeps what you changed.")) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    document.addEventListener("click", link, true);
    return () => {
      removeEventListener("beforeunload", warn);
      document.removeEventListener("click", link, true);
    };
  }, [dirty]);
}

function useKeysOf(setHistory: (change: (was: History<Draft>) => History<Draft>) => void, save: () => void): void {
  const latest = useRef(save);
  latest.current = save;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      const typing = (event.target as Element | null)?.matches?.("input, textarea, select");
      if (key === "s") latest.current();
      // In a field the browser's own undo is meant.
      else if (typing) return;
      else if (key === "z") setHistory(event.shiftKey ? redo : undo);
      else if (key === "y") setHistory(redo);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

interface ToolbarProps {
  history: History<Draft>;
  busy: boolean;
  onHistory: (change: (was: History<Draft>) => History<Draft>) => void;
  onSave: () => void;
  onLeave: () => void;
}

function Toolbar({ history, busy, onHistory, onSave, onLeave }: ToolbarProps) {
  const dirty = history.past.length > 0;
  return (
    <div class="reports-toolbar" role="toolbar" aria-label="Editing">
      <button class="main" disabled={busy} onClick={onSave}>{busy ? "Saving…" : "Save"}</button>
      <button disabled={history.past.length === 0} onClick={() => onHistory(undo)} title="Ctrl+Z">Undo</button>
      <button disabled={history.future.length === 0} onClick={() => onHistory(redo)} title="Ctrl+Shift+Z">Redo</button>
      <button class="quiet" onClick={onLeave}>{dirty ? "Discard" : "Close"}</button>
      <span class="dim" role="status">{dirty ? "Not saved yet" : ""}</span>
    </div>
  );
}

function Words(props: { title: string; description: string; onChange: (next: Partial<Draft>, about: string) => void }) {
  return (
    <div class="reports-words">
      <label>
        Title
        <input class="reports-title" value={props.title} onInput={(event) => props.onChange({ title: event.currentTarget.value }, "title")} />
      </label>
      <label>
        Description
        <input value={props.description} onInput={(event) => props.onChange({ description: event.currentTarget.value }, "description")} />
      </label>
    </div>
  );
}
