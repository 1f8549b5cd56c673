/** W&B's bar chart and scalar chart. */
import { count, number } from "../ui/format";
import { AxisX, AxisY, Frame, Nothing, Sized } from "./axes";
import { bars, scalar, type Bar } from "./bar-data";
import type { PanelContext } from "./context";
import { keyTitle, parseKey } from "./fields";
import { px, scale, ticks } from "./plot";
import { finite, text, texts, type Fields } from "./spec";

type Props = { config: Fields; context: PanelContext; height: number };

const named = (config: Fields) => texts(config["metrics"]).map((name) => keyTitle(parseKey(name))).join(", ");

export function BarPanel({ config, context, height }: Props) {
  const title = text(config["chartTitle"]) ?? named(config);
  const { bars: found, left } = bars(config, context.runs);
  const tall = Math.max(80, height - (title ? 34 : 10));
  return (
    <Frame title={title} note={left > 0 ? `${count(left, "more bar")} left out` : undefined}>
      {found.length === 0 ? (
        <Nothing>{`No run has ${named(config) || "the metric of this chart, which names none"}`}</Nothing>
      ) : (
        <div class="panels-scroll" style={{ height: `${tall}px` }}>
          <Sized height={config["vertical"] === true ? tall : Math.max(tall, found.length * 18 + 40)}>
            {(width) =>
              config["vertical"] === true ? (
                <Upright config={config} bars={found} width={width} height={tall} />
              ) : (
                <Lying config={config} bars={found} width={width} height={Math.max(tall, found.length * 18 + 40)} />
              )
            }
          </Sized>
        </div>
      )}
    </Frame>
  );
}

type Drawn = { config: Fields; bars: Bar[]; width: number; height: number };

const values = (of: Bar[]) => of.flatMap((bar) => [bar.value, ...(bar.ends ?? [])]);

function label(bar: Bar): string {
  const ends = bar.ends ? ` (${number(bar.ends[0])} to ${number(bar.ends[1])})` : "";
  return `${bar.name}: ${number(bar.value)}${ends}`;
}

function Lying({ config, bars: of, width, height }: Drawn) {
  const left = Math.min(width * 0.35, 20 + Math.max(...of.map((bar) => bar.name.length)) * 6.5);
  const bottom = height - (text(config["xAxisTitle"]) ? 34 : 20);
  const ends = { min: finite(config["xAxisMin"]), max: finite(config["xAxisMax"]) };
  const x = scale(values(of), [left, width - 14], { zero: true, ...ends });
  const thick = (bottom - 4) / of.length;
  const zero = x.to(Math.max(x.least, Math.min(x.most, 0)));
  return (
    <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={`Bars: ${named(config)}`}>
      <AxisX of={x} ticks={ticks(x, width / 100)} top={4} bottom={bottom} title={text(config["xAxisTitle"])} />
      {of.map((bar, at) => {
        const top = 4 + at * thick;
        const end = x.to(Math.max(x.least, Math.min(x.most, bar.value)));
        return (
          <g key={bar.key}>
            <rect x={px(Math.min(zero, end))} y={px(top + thick * 0.12)} width={px(Math.abs(end - zero))} height={px(Math.min(26, thick * 0.76))} fill={bar.color}>
              <title>{label(bar)}</title>
            </rect>
            {bar.ends && <line class="panels-whisker" x1={px(x.to(bar.ends[0]))} x2={px(x.to(bar.ends[1]))} y1={px(top + thick * 0.5)} y2={px(top + thick * 0.5)} />}
            <text class="panels-name" x={px(left - 6)} y={px(top + Math.min(17, thick * 0.5 + 4))} text-anchor="end">{short(bar.name, left / 6.5)}</text>
          </g>
        );
      })}
    </svg>
  );
}

function Upright({ config, bars: of, width, height }: Drawn) {
  const bottom = height - 44;
  const y = scale(values(of), [bottom, 8], { zero: true, min: finite(config["yAxisMin"]), max: finite(config["yAxisMax"]) });
  const wide = (width - 62) / of.length;
  const zero = y.to(Math.max(y.least, Math.min(y.most, 0)));
  return (
    <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={`Bars: ${named(config)}`}>
      <AxisY of={y} ticks={ticks(y, height / 36)} left={52} right={width - 8} title={text(config["yAxisTitle"])} />
      {of.map((bar, at) => {
        const left = 56 + at * wide;
        const end = y.to(bar.value);
        const middle = left + wide / 2;
        return (
          <g key={bar.key}>
            <rect x={px(left + wide * 0.12)} y={px(Math.min(zero, end))} width={px(wide * 0.76)} height={px(Math.abs(end - zero))} fill={bar.color}>
              <title>{label(bar)}</title>
            </rect>
            {bar.ends && <line class="panels-whisker" x1={px(middle)} x2={px(middle)} y1={px(y.to(bar.ends[0]))} y2={px(y.to(bar.ends[1]))} />}
            <text class="panels-name" x={px(middle)} y={bottom + 14} text-anchor="middle">{short(bar.name, wide / 6.5)}</text>
          </g>
        );
      })}
      {text(config["xAxisTitle"]) && <text class="panels-axis-title" x={width / 2} y={height - 8} text-anchor="middle">{text(config["xAxisTitle"])}</text>}
    </svg>
  );
}

function short(name: string, letters: number): string {
  const most = Math.max(2, Math.floor(letters));
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`;
}

const HOW: Record<string, string> = { mean: "Mean", min: "Least", max: "Greatest", median: "Median", sum: "Sum", samples: "Mean" };

export function ScalarPanel({ config, context }: Props) {
  const found = scalar(config, context.runs);
  const title = text(config["chartTitle"]) ?? named(config);
  return (
    <Frame title={title}>
      {found ? (
        <div class="panels-scalar">
          <span class="panels-number">{number(found.value)}</span>
          <span class="dim">{found.runs === 1 ? "of one run" : `${HOW[found.how] ?? "Mean"} of ${count(found.runs, "run")}`}</span>
        </div>
      ) : (
        <Nothing>{`No run has ${named(config) || "the metric of this chart, which names none"}`}</Nothing>
      )}
    </Frame>
  );
}
