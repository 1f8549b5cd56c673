/** What stands around a plot of lines: the titles of its axes and its legend. */
import type { ComponentChildren } from "preact";

import { text, type Fields } from "./spec";

const LEGEND = 12;

/** `children` is told how many pixels of the panel's height are taken. */
export function LinePlace(props: {
  config: Fields;
  lines: { name: string; color: string }[];
  children: (around: number) => ComponentChildren;
}) {
  const { config, lines } = props;
  const [x, y] = [text(config["xAxisTitle"]), text(config["yAxisTitle"])];
  const side = text(config["legendPosition"]) ?? "south";
  const beside = side === "east" || side === "west";
  const around = (x ? 18 : 0) + (beside || lines.length === 0 ? 0 : lines.length > 2 ? 44 : 24);
  const size = text(config["fontSize"]) ?? "auto";
  return (
    <div class={`panels-line legend-${side} font-${size}`}>
      <div class="panels-axes">
        {y && <div class="panels-y">{y}</div>}
        <div class="panels-plot">
          {props.children(around)}
          {x && <div class="panels-x">{x}</div>}
        </div>
      </div>
      {lines.length > 0 && <Legend lines={lines} />}
    </div>
  );
}

function Legend({ lines }: { lines: { name: string; color: string }[] }) {
  return (
    <ul class="panels-legend" aria-label="Lines">
      {lines.slice(0, LEGEND).map((line, at) => (
        <li key={at} title={line.name}>
          <span class="panels-mark" style={{ background: line.color }} />
          {line.name}
        </li>
      ))}
      {lines.length > LEGEND && <li>{lines.length - LEGEND} more</li>}
    </ul>
  );
}
