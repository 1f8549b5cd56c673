/** What can be done with the runs that were selected in the table. */
import { useState } from "preact/hooks";

import { patch, path, remove, type EditRun, type RunItem } from "../api";
import { mayWrite } from "../live";
import { to } from "../routes";
import { Dialog } from "../ui/dialog";
import { count } from "../ui/format";
import { say, tried } from "../ui/toast";

interface BulkProps {
  runs: readonly RunItem[];
  onClear: () => void;
  /** Something was changed. */
  onDone: () => void;
}

export function Bulk(props: BulkProps) {
  const { runs, onClear } = props;
  const [open, setOpen] = useState<"tag" | "delete" | null>(null);
  const { entity, project } = runs[0]!;
  const close = () => setOpen(null);
  return (
    <div class="project-bulk" role="toolbar" aria-label="Selected runs">
      <strong>{count(runs.length, "run")} selected</strong>
      <a class="project-button" href={to.compare(entity, project, runs.map((run) => run.run))}>
        Compare
      </a>
      {mayWrite(entity) && (
        <>
          <button onClick={() => setOpen("tag")}>Tag…</button>
          <button onClick={() => setOpen("delete")}>Delete…</button>
        </>
      )}
      <button class="quiet" onClick={onClear}>
        Select none
      </button>
      {open === "tag" && <TagDialog {...props} onClose={close} />}
      {open === "delete" && <DeleteDialog {...props} onClose={close} />}
    </div>
  );
}

/** Does something to each run, one after another; says how far it came. */
async function each(runs: readonly RunItem[], act: (run: RunItem) => Promise<unknown>, done: string): Promise<void> {
  let count = 0;
  for (const run of runs) {
    if (!(await tried(() => act(run)))) break;
    count += 1;
  }
  if (count > 0) say(`${done}: ${count} of ${runs.length}`);
}

const at = (run: RunItem) => path`/v1/runs/${run.entity}/${run.project}/${run.run}`;

/** The tags with some more and without some. Pure. */
export function tagged(tags: readonly string[], add: readonly string[], without: readonly string[]): string[] {
  return [...new Set([...tags, ...add])].filter((tag) => !without.includes(tag));
}

function TagDialog({ runs, onDone, onClose }: BulkProps & { onClose: () => void }) {
  const [add, setAdd] = useState("");
  const [without, setWithout] = useState<string[]>([]);
  const there = [...new Set(runs.flatMap((run) => run.tags ?? []))].sort();
  const save = async (event: Event) => {
    event.preventDefault();
    const more = add.split(",").map((tag) => tag.trim()).filter(Boolean);
    onClose();
    await each(runs, (run) => patch(at(run), { tags: tagged(run.tags ?? [], more, without) } satisfies EditRun), "Tagged");
    onDone();
  };
  return (
    <Dialog title={`Tag ${count(runs.length, "run")}`} onClose={onClose}>
      <form class="project-save" onSubmit={save}>
        <label>
          Add, separated by commas
          <input autofocus value={add} onInput={(event) => setAdd(event.currentTarget.value)} />
        </label>
        {there.length > 0 && (
          <fieldset>
            <legend>Take away</legend>
            {there.map((tag) => (
              <label key={tag} class="project-check">
                <input
                  type="checkbox"
                  checked={without.includes(tag)}
                  onChange={(event) => setWithout(event.currentTarget.checked ? [...without, tag] : without.filter((one) => one !== tag))}
                />
                {tag}
              </label>
            ))}
          </fieldset>
        )}
        <button class="main" disabled={!add.trim() && without.length === 0}>
          Tag
        </button>
      </form>
    </Dialog>
  );
}

function DeleteDialog({ runs, onClear, onDone, onClose }: BulkProps & { onClose: () => void }) {
  const running = runs.filter((run) => run.state === "running").length;
  const act = async () => {
    onClose();
    await each(runs, (run) => remove(at(run)), "Deleted");
    onClear();
    onDone();
  };
  return (
    <Dialog title={`Delete ${count(runs.length, "run")}?`} onClose={onClose}>
      <ul class="project-doomed">
        {runs.slice(0, 12).map((run) => (
          <li key={run.run}>
            {run.name || run.run} <span class="dim">{run.run}</span>
          </li>
        ))}
        {runs.length > 12 && <li class="dim">{runs.length - 12} more</li>}
      </ul>
      <p>
        No page, list or program sees them any more, here and, after the next sync, at the remotes. This cannot be taken back.
        {running > 0 && ` ${count(running, "run")} of them ${running === 1 ? "is" : "are"} running.`}
      </p>
      <button class="project-danger" onClick={act}>
        Delete {count(runs.length, "run")}
      </button>{" "}
      <button autofocus onClick={onClose}>
        Keep {runs.length === 1 ? "it" : "them"}
      </button>
    </Dialog>
  );
}
