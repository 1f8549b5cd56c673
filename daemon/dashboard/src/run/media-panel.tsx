/** What a run logged under one key that is no number: media, with a slider over the steps. */
import { useMemo, useState } from "preact/hooks";

import { get, path, type MediaList, type RunItem } from "../api";
import { useLive } from "../live";
import { useData } from "../data";
import { Dialog } from "../ui/dialog";
import { InSight } from "../ui/in-sight";
import { Shown } from "../ui/state";
import { HistogramPanel } from "./histogram";
import { MediaView } from "./media";
import { classNames, lastUpTo, type ClassNames } from "./media-data";
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

/** Of the head of a panel, in pixels. */
const HEAD = 36;

export function MediaPanel(props: MediaPanelProps) {
  const { title = props.mediaKey } = props;
  const height = Math.max(props.height ?? 0, 280);
  // Kept out here, for what is inside goes while it is out of sight. `null`: the newest, also when newer ones come.
  const [chosen, choose] = useState<number | null>(null);
  return (
    <section class="run-media" aria-label={title} data-testid={`media-${props.mediaKey}`}>
      <InSight height={height}>{() => <Asking {...props} title={title} height={height} chosen={chosen} choose={choose} />}</InSight>
    </section>
  );
}

type Inside = MediaPanelProps & { title: string; height: number; chosen: number | null; choose: (at: number | null) => void };

function Asking(props: Inside) {
  const { entity, project, run, mediaKey } = props;
  const [large, setLarge] = useState(false);
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
          <>
            <Steps {...props} items={items} onLarge={() => setLarge(true)} />
            {large && (
              <Dialog title={props.title} wide onClose={() => setLarge(false)}>
                <div class="run-large">
                  <Steps {...props} items={items} />
                </div>
              </Dialog>
            )}
          </>
        )
      }
    </Shown>
  );
}

function Steps(props: Inside & MediaList & { onLarge?: () => void }) {
  const { items, entity, project, run, chosen, choose, title, onLarge } = props;
  const source = useMemo(() => ofRun({ entity, project, run }), [entity, project, run]);
  const steps = useMemo(() => items.map((item) => item.step), [items]);
  const last = items.length - 1;
  const at = props.step === undefined ? Math.min(chosen ?? last, last) : lastUpTo(steps, props.step);
  const item = items[at];
  const names = useClassNames(props);
  const isHistogram = item?.value["_type"] === "histogram";
  return (
    <>
      <header class="run-media-head">
        {onLarge && <h3 title={title}>{title}</h3>}
        {props.step === undefined && (
          <StepSlider label={title} steps={steps} at={at} onAt={(to) => choose(to === last ? null : to)} />
        )}
        {onLarge && (
          <button class="quiet" aria-label={`Enlarge ${title}`} title="Enlarge" onClick={onLarge}>
            ⤢
          </button>
        )}
      </header>
      <div class="run-media-body" style={onLarge && { height: `${props.height - HEAD}px` }}>
        {!item && <p class="dim">Nothing was logged up to this step.</p>}
        {item && (isHistogram ? <HistogramPanel items={items} at={at} /> : <MediaView value={item.value} source={source} of={props} names={names} />)}
      </div>
    </>
  );
}

/** The names of masks' classes, which the run knows; asked for where there are masks. */
function useClassNames({ items, entity, project, run, mediaKey }: Inside & MediaList): ClassNames | undefined {
  const masked = items.some(({ value }) => "masks" in value || "all_masks" in value);
  const known = useData(async (abort) => {
    return masked ? get<RunItem>(path`/v1/runs/${entity}/${project}/${run}`, {}, abort) : null;
  }, [entity, project, run, masked]);
  return useMemo(() => (known.data ? classNames(known.data.metadata, mediaKey) : undefined), [known.data, mediaKey]);
}
