/** What a run logged under one key that is no number: media, with a slider over the steps. */
import { useMemo, useState } from "preact/hooks";

import { get, path, type MediaList } from "../api";
import { useLive } from "../artifacts/live";
import { useData } from "../data";
import { InSight } from "../ui/in-sight";
import { Shown } from "../ui/state";
import { HistogramPanel } from "./histogram";
import { MediaView } from "./media";
import { ofRun } from "./source";
import { StepSlider } from "./step-slider";
import "./media.css";

export interface MediaPanelProps {
  entity: string;
  project: string;
  run: string;
  mediaKey: string;
  /** The key, where nothing is said. */
  title?: string;
  /** A step that somebody else keeps: what was logged last up to it is shown. */
  step?: number;
  height?: number;
}

export function MediaPanel(props: MediaPanelProps) {
  const { title = props.mediaKey, height = 260 } = props;
  return (
    <section class="run-media" aria-label={title} data-testid={`media-${props.mediaKey}`}>
      <InSight height={height}>{() => <Asking {...props} title={title} />}</InSight>
    </section>
  );
}

function Asking(props: MediaPanelProps & { title: string }) {
  const { entity, project, run, mediaKey } = props;
  const list = useData(
    (abort) => get<MediaList>(path`/v1/runs/${entity}/${project}/${run}/media`, { key: mediaKey }, abort),
    [entity, project, run, mediaKey],
  );
  useLive({ entity, project }, (changed) => changed.runs.some((one) => one === run || one === "*"), list.again);
  return (
    <Shown of={list} what={props.title}>
      {({ items }) =>
        items.length === 0 ? (
          <>
            <h3>{props.title}</h3>
            <p class="dim">Nothing was logged under this key.</p>
          </>
        ) : (
          <Steps {...props} items={items} />
        )
      }
    </Shown>
  );
}

function Steps(props: MediaPanelProps & MediaList & { title: string }) {
  const { items, entity, project, run } = props;
  // `null`: the newest, also when newer ones come.
  const [chosen, setChosen] = useState<number | null>(null);
  const source = useMemo(() => ofRun({ entity, project, run }), [entity, project, run]);
  const steps = useMemo(() => items.map((item) => item.step), [items]);
  const last = items.length - 1;
  const at = props.step === undefined ? Math.min(chosen ?? last, last) : lastUpTo(steps, props.step);
  const item = items[at];
  const isHistogram = item?.value["_type"] === "histogram";
  return (
    <>
      <header class="run-media-head">
        <h3 title={props.title}>{props.title}</h3>
        {props.step === undefined && (
          <StepSlider label={props.title} steps={steps} at={at} onAt={(to) => setChosen(to === last ? null : to)} />
        )}
      </header>
      {!item && <p class="dim">Nothing was logged up to this step.</p>}
      {item && (isHistogram ? <HistogramPanel items={items} at={at} /> : <MediaView value={item.value} source={source} of={props} />)}
    </>
  );
}

/** The index of the last of ascending steps that is not beyond `step`; -1: there is none. */
export function lastUpTo(steps: readonly number[], step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
