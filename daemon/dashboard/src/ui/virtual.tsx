/** A long list of which only what is in sight is on the page. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** So many rows beyond either edge. */
const MORE = 8;

export interface Window {
  first: number;
  /** Behind the last. */
  end: number;
  /** Pixels of the rows that are left out before and behind. */
  before: number;
  after: number;
}

/** Which of so many rows a scrolled box shows. Pure. */
export function windowOf(count: number, row: number, top: number, height: number): Window {
  const first = Math.max(0, Math.min(count, Math.floor(top / row) - MORE));
  const end = Math.min(count, Math.ceil((top + height) / row) + MORE);
  return { first, end, before: first * row, after: Math.max(0, count - end) * row };
}

/** Rows of equal height in a box that scrolls; calls `onEnd` when its end comes near. */
export function Virtual(props: {
  count: number;
  /** Of a row, in pixels. */
  row: number;
  class?: string;
  label: string;
  role?: "region" | "table";
  onEnd?: () => void;
  head?: ComponentChildren;
  children: (first: number, end: number) => ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [[top, height], see] = useState<[number, number]>([0, 800]);
  const look = () => {
    const { scrollTop, clientHeight } = box.current!;
    see((was) => (was[0] === scrollTop && was[1] === clientHeight ? was : [scrollTop, clientHeight]));
  };
  useLayoutEffect(() => {
    if (typeof ResizeObserver === "undefined") return;
    const watch = new ResizeObserver(look);
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const seen = windowOf(props.count, props.row, top, height || 800);
  const near = seen.end >= props.count;
  useEffect(() => {
    if (near) props.onEnd?.();
  }, [near, props.count]);
  const gap = (pixels: number): JSX.Element => <div style={{ height: `${pixels}px` }} aria-hidden="true" />;
  return (
    <div ref={box} class={props.class} role={props.role ?? "region"} aria-label={props.label} tabIndex={0} onScroll={look}>
      {props.head}
      {gap(seen.before)}
      {props.children(seen.first, seen.end)}
      {gap(seen.after)}
    </div>
  );
}
