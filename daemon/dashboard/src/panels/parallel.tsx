/** W&B's parallel coordinates. */
import { Frame, Nothing, Sized } from "./axes";
import type { PanelContext } from "./context";
import { parallel } from "./parallel-data";
import { px } from "./plot";
import { text, type Fields } from "./spec";

export function ParallelPanel({ config, context, height }: { config: Fields; context: PanelContext; height: number }) {
  const title = text(config["chartTitle"]);
  const tall = Math.max(120, height - (title ? 34 : 10));
  return (
    <Frame title={title}>
      <Sized height={tall}>{(width) => <Drawn config={config} context={context} width={width} height={tall} />}</Sized>
    </Frame>
  );
}

function Drawn({ config, context, width, height }: { config: Fields; context: PanelContext; width: number; height: number }) {
  const { axes, lines } = parallel(config, context.runs, width, height);
  if (axes.length < 2) return <Nothing>Parallel coordinates need two columns</Nothing>;
  if (lines.length === 0) return <Nothing>No run has values of two of these columns</Nothing>;
  return (
    <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={`${axes.map((axis) => axis.title).join(", ")} of ${lines.length} runs`}>
      {lines.map((line) => (
        <path key={line.key} class="panels-way" d={line.path} stroke={line.color}>
          <title>{line.name}</title>
        </path>
      ))}
      {axes.map((axis, at) => (
        <g key={at} class="panels-axis">
          <line class="panels-upright" x1={px(axis.x)} x2={px(axis.x)} y1={26} y2={height - 8} />
          <text class="panels-axis-title" x={px(axis.x)} y={14} text-anchor="middle">{axis.title}</text>
          {axis.labels.map((label) => (
            <text key={label.text} class="panels-halo" x={px(axis.x + 5)} y={px(label.y + 4)}>{label.text}</text>
          ))}
        </g>
      ))}
    </svg>
  );
}
