/** Parts of the small SVG charts: a box that knows its size, and axes. */
import { createContext, type ComponentChildren } from "preact";
import { useContext, useLayoutEffect, useRef, useState } from "preact/hooks";

import { tick } from "../chart/ticks";
import { px, type Scale } from "./plot";

/** How wide a chart is that cannot be measured, as in a file. */
export const Assumed = createContext(520);

/** Tells its children how wide it is. */
export function Sized({ height, children }: { height: number; children: (width: number) => ComponentChildren }) {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(useContext(Assumed));
  useLayoutEffect(() => {
    if (typeof ResizeObserver === "undefined" || !ref.current?.isConnected) return;
    const watch = new ResizeObserver((entries) => {
      const wide = Math.round(entries.at(-1)!.contentRect.width);
      if (wide > 0) setWidth(wide);
    });
    watch.observe(ref.current);
    return () => watch.disconnect();
  }, []);
  return (
    <div ref={ref} class="panels-sized" style={{ height: `${height}px` }}>
      {children(width)}
    </div>
  );
}

/** The lines of an axis along x, with their values beneath. */
export function AxisX(props: { of: Scale; ticks: number[]; top: number; bottom: number; title?: string | undefined }) {
  const { of, bottom } = props;
  const middle = (of.to(of.least) + of.to(of.most)) / 2;
  return (
    <g class="panels-axis">
      {props.ticks.map((value) => (
        <g key={value}>
          <line x1={px(of.to(value))} x2={px(of.to(value))} y1={props.top} y2={bottom} />
          <text x={px(of.to(value))} y={bottom + 13} text-anchor="middle">{tick(value)}</text>
        </g>
      ))}
      {props.title && <text class="panels-axis-title" x={px(middle)} y={bottom + 28} text-anchor="middle">{props.title}</text>}
    </g>
  );
}

/** The same along y. */
export function AxisY(props: { of: Scale; ticks: number[]; left: number; right: number; title?: string | undefined }) {
  const { of, left } = props;
  const middle = (of.to(of.least) + of.to(of.most)) / 2;
  return (
    <g class="panels-axis">
      {props.ticks.map((value) => (
        <g key={value}>
          <line x1={left} x2={props.right} y1={px(of.to(value))} y2={px(of.to(value))} />
          <text x={left - 5} y={px(of.to(value) + 4)} text-anchor="end">{tick(value)}</text>
        </g>
      ))}
      {props.title && (
        <text class="panels-axis-title" transform={`translate(11 ${px(middle)}) rotate(-90)`} text-anchor="middle">{props.title}</text>
      )}
    </g>
  );
}

/** A panel with its title. */
export function Frame({ title, note, children }: { title?: string | undefined; note?: string | undefined; children: ComponentChildren }) {
  return (
    <figure class="panels-frame">
      {title && (
        <figcaption title={title}>
          {title}
          {note && <span class="dim"> {note}</span>}
        </figcaption>
      )}
      {children}
    </figure>
  );
}

/** What is said where there is nothing to draw. */
export function Nothing({ children }: { children: ComponentChildren }) {
  return <p class="panels-nothing">{children}</p>;
}
