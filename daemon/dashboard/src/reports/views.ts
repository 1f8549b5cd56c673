/** Reports among the saved views, and how they are saved. */
import { path, post, put, remove, type SaveView, type View } from "../api";

/** W&B's types of a report and of a draft of one. */
export const REPORT = "runs";
export const DRAFT = "runs/draft";

export function isReport(view: View): boolean {
  return view.type === REPORT || view.type === DRAFT;
}

/** Reports whose title, description or author has all the words. */
export function matching(views: View[], wanted: string): View[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  return views.filter((view) => {
    const text = `${view.display_name} ${view.description} ${view.by ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** What a person edits of a report. */
export interface Said {
  title: string;
  description: string;
  spec: string;
}

export function address(view: View): string {
  return path`/v1/views/${view.entity}/${view.project}/${view.id}`;
}

/** Saves over the state that was edited: refused (409) where somebody saved since. A draft stays one. */
export function saveOver(view: View, said: Said): Promise<View> {
  const body: SaveView = { ...bodyOf(said), type: view.type, name: view.name, based_on_us: view.updated_us };
  return put<View>(address(view), body);
}

/** Makes a report of a draft. */
export function publish(view: View): Promise<View> {
  return saveOver({ ...view, type: REPORT }, { title: view.display_name, description: view.description, spec: view.spec ?? "" });
}

/** Saves beside it. */
export function saveCopy(view: View, said: Said): Promise<View> {
  return post<View>(path`/v1/views/${view.entity}/${view.project}`, bodyOf(said));
}

export function removeView(view: View): Promise<void> {
  return remove<void>(address(view));
}

function bodyOf(said: Said): SaveView {
  return { type: REPORT, display_name: said.title, description: said.description, spec: said.spec };
}
