/** The view as a page's state, written into the URL a little later: a slider moves more often than a browser lets addresses change. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { typing } from "../frame/keys";
import { here, query, setQuery } from "../routes";
import { fromQuery, toQuery, type View } from "./view";

export type ChangeView = (change: Partial<View> | ((view: View) => View)) => void;

const LATER_MS = 200;
const MOST_UNDONE = 50;

/** What the parameters of an address say about the view. */
function signOf(read: (name: string) => string | null): string {
  return JSON.stringify(toQuery(fromQuery(read)));
}

/** The view, and how to change it. Ctrl Z takes the last change back. */
export function useView(): [View, ChangeView] {
  const [view, setView] = useState(() => fromQuery(query));
  const now = useRef(view);
  now.current = view;
  const timer = useRef<number | undefined>(undefined);
  const path = useRef(here.value.pathname);
  const past = useRef<View[]>([]);
  const settled = useRef(view);
  const write = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = undefined;
    // All that changed in one go is one step to undo.
    if (settled.current !== now.current) past.current = [...past.current, settled.current].slice(-MOST_UNDONE);
    settled.current = now.current;
    if (location.pathname === path.current) setQuery(toQuery(now.current));
  }, []);
  const change = useCallback<ChangeView>((what) => {
    setView((was) => (now.current = typeof what === "function" ? what(was) : { ...was, ...what }));
    timer.current ??= window.setTimeout(write, LATER_MS);
  }, []);
  // Somebody went back, or followed a link to another view of this page.
  const address = signOf(query);
  useEffect(() => {
    if (timer.current === undefined && address !== JSON.stringify(toQuery(now.current))) setView(fromQuery(query));
  }, [address]);
  useEffect(() => {
    const undo = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key !== "z" || typing(event.target)) return;
      const before = past.current.pop();
      if (!before) return;
      event.preventDefault();
      settled.current = now.current = before;
      setView(before);
      setQuery(toQuery(before));
    };
    addEventListener("keydown", undo);
    return () => (clearTimeout(timer.current), removeEventListener("keydown", undo));
  }, []);
  return [view, change];
}
