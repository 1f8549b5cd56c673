/** W&B's scatter plot: a dot for each run. */
import { number } from "../ui/format";
import { to } from "../routes";
import { AxisX, AxisY, Frame, Nothing, Sized } from "./axes";
import type { PanelContext } from "./context";
import { EDGE, scatter } from "./scatter-data";
import { text, type Fields } from "./spec";

export function ScatterPanel({ config, context, height }: { config: Fields; context: PanelContext; height: number }) {
  const title = text(config["chartTitle"]);
  const tall = Math.max(100, height - (title ? 34 : 10));
  return (
    <Frame title={title}>
      <Sized height={tall}>{(width) => <Drawn config={config} context={context} width={width} height={tall} />}</Sized>
    </Frame>
  );
}

function Drawn({ config, context, width, height }: { config: Fields; context: PanelContext; width: number; height: number }) {
  const drawn = scatter(config, context.runs, width, height);
  if (!drawn) return <Nothing>This plot names no axes</Nothing>;
  const { titles } = drawn;
  if (drawn.dots.length === 0) return <Nothing>{`No run has both ${titles.x} and ${titles.y}`}</Nothing>;
  return (
    <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={`${titles.y} by ${titles.x}, ${drawn.dots.length} runs`}>
      <AxisX of={drawn.x} ticks={drawn.xTicks} top={EDGE.top} bottom={height - EDGE.bottom} title={titles.x} />
      <AxisY of={drawn.y} ticks={drawn.yTicks} left={EDGE.left} right={width - EDGE.right} title={titles.y} />
      {drawn.lines.map((line) => (
        <path key={line.title} class="panels-fit" d={line.path}>
          <title>{line.title}</title>
        </path>
      ))}
      {drawn.dots.map((dot) => (
        <a key={`${dot.run.run.project}/${dot.run.run.run}`} href={to.run(dot.run.run.entity, dot.run.run.project, dot.run.run.run)}>
          <circle cx={dot.x} cy={dot.y} r="4" fill={dot.color}>
            <title>{`${dot.name}\n${titles.x}: ${number(dot.values[0])}\n${titles.y}: ${number(dot.values[1])}`}</title>
          </circle>
        </a>
      ))}
    </svg>
  );
}
