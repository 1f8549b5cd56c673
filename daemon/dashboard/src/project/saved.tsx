/** Saved workspaces: the menu of them, and saving. */
import { useEffect, useState } from "preact/hooks";

import { get, path, post, put, remove, type SaveView, type View as ViewItem, type Views } from "../api";
import { mayWrite, useLive } from "../live";
import { useData } from "../data";
import { query, setQuery } from "../routes";
import { Dialog } from "../ui/dialog";
import { ago } from "../ui/format";
import { Menu } from "../ui/menu";
import { say, tried } from "../ui/toast";
import { readSpec, toSpec } from "./saved-spec";
import type { Section } from "./sections";
import { optionsOf } from "./panels";
import type { ChangeView } from "./use-view";
import { FRESH, isFresh, type View } from "./view";

const KIND = "project-view";

interface SavedProps {
  entity: string;
  project: string;
  view: View;
  change: ChangeView;
  /** The panels that are shown now. */
  sections: readonly Section[];
}

/** The menu of saved workspaces. */
export function Saved(props: SavedProps) {
  const { entity, project, view, change } = props;
  const [naming, setNaming] = useState(false);
  const views = useData((signal) => get<Views>("/v1/views", { entity, project, type: KIND }, signal), [entity, project]);
  useLive({ entity, project }, (changed) => changed.views, views.again);
  const all = views.data?.views ?? [];
  const open = async (id: string) => {
    const whole = await get<ViewItem>(path`/v1/views/${entity}/${project}/${id}`);
    change(() => readSpec(whole.spec ?? "{}", id).view);
  };
  // A link that names a view and nothing else means what was saved.
  useEffect(() => {
    if (view.saved && isFresh({ ...view, saved: "" })) void tried(() => open(view.saved));
  }, []);
  // The links that W&B's clients print name a view by a part of its name.
  const linked = query("nw");
  useEffect(() => {
    const one = linked && all.find((each) => each.name === `nw-${linked}-v`);
    if (!one) return;
    setQuery({ nw: null });
    void tried(() => open(one.id));
  }, [linked, views.data]);
  const now = all.find((one) => one.id === view.saved);
  return (
    <>
      <Menu label={now ? `View: ${now.display_name}` : "Views"} title="Saved views of this workspace">
        {(close) => (
          <>
            {all.map((one) => (
              <button key={one.id} aria-current={one.id === view.saved} onClick={() => (close(), void tried(() => open(one.id)))}>
                {one.display_name} <span class="dim">{ago(one.updated_us)}</span>
              </button>
            ))}
            {all.length === 0 && <p class="dim">None is saved yet.</p>}
            <hr />
            <button onClick={() => (close(), change(() => FRESH))}>All metrics, as they come</button>
            {mayWrite(entity) && <button onClick={() => (close(), setNaming(true))}>Save this view…</button>}
            {now && mayWrite(entity) && <button onClick={() => (close(), void drop(now, change).then(views.again))}>Delete “{now.display_name}”</button>}
          </>
        )}
      </Menu>
      {naming && <SaveDialog {...props} over={now} onClose={() => (setNaming(false), views.again())} />}
    </>
  );
}

async function drop(one: ViewItem, change: ChangeView): Promise<void> {
  if (!confirm(`Delete the view “${one.display_name}” for all who use this project?`)) return;
  const done = await tried(() => remove(path`/v1/views/${one.entity}/${one.project}/${one.id}`), "The view is deleted.");
  if (done) change({ saved: "" });
}

function SaveDialog(props: SavedProps & { over: ViewItem | undefined; onClose: () => void }) {
  const { entity, project, view, over, sections, onClose } = props;
  const [title, setTitle] = useState(over?.display_name ?? "");
  const save = async (event: Event) => {
    event.preventDefault();
    const options = (key: string) => {
      const panel = sections.flatMap((section) => section.panels).find((one) => one.key === key);
      return panel ? optionsOf(view, panel) : {};
    };
    const body: SaveView = { type: KIND, display_name: title, description: "", spec: toSpec(view, sections, options) };
    // Only what was saved by us is saved over: another's panels would be lost.
    const same = over && over.display_name === title && (await isOurs(over));
    const done = await tried(async () => {
      const saved = same
        ? await put<ViewItem>(path`/v1/views/${entity}/${project}/${over.id}`, { ...body, name: over.name, based_on_us: over.updated_us })
        : await post<ViewItem>(path`/v1/views/${entity}/${project}`, body);
      props.change({ saved: saved.id });
    });
    if (!done) return;
    say(`The view “${title}” is saved.`);
    onClose();
  };
  return (
    <Dialog title="Save this view" onClose={onClose}>
      <form class="project-save" onSubmit={save}>
        <label>
          Name
          <input required autofocus value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
        </label>
        <p class="dim">Filter, order, groups, eyes and the settings of charts are saved, for all who may see this project.</p>
        <button class="main">Save</button>
      </form>
    </Dialog>
  );
}

async function isOurs(one: ViewItem): Promise<boolean> {
  const whole = await get<ViewItem>(path`/v1/views/${one.entity}/${one.project}/${one.id}`);
  return readSpec(whole.spec ?? "{}", one.id).ours;
}
