/** W&B's media browser: what runs logged under some keys, each with its steps. */
import { MediaPanel } from "../run/media-panel";
import { Frame, Nothing } from "./axes";
import type { PanelContext } from "./context";
import { valueOf } from "./fields";
import { finite, text, texts, type Fields } from "./spec";
import { useKeys } from "./use-runs";

/** Places in one browser at most. */
const MOST = 24;

export function MediaBrowser({ config, context, height }: { config: Fields; context: PanelContext; height: number }) {
  const named = texts(config["mediaKeys"]);
  const known = useKeys(context.entity, context.project, named.length === 0);
  const keys = named.length > 0 ? named : (known?.media.map((one) => one.key) ?? []).slice(0, 4);
  // A run's summary says what it logged last under a key.
  const all = keys.flatMap((key) =>
    context.runs.filter(({ run }) => valueOf(run, { section: "summary", name: key }) !== undefined).map(({ run }) => ({ key, run })),
  );
  const left = Math.max(0, all.length - MOST);
  const columns = Math.min(12, Math.max(1, finite(config["columnCount"]) ?? 2));
  const title = text(config["chartTitle"]) ?? (keys.join(", ") || "Media");
  return (
    <Frame title={title} note={left > 0 ? `${left} more left out` : undefined}>
      {all.length === 0 ? (
        <Nothing>{keys.length === 0 ? "No run has logged media" : `No run that is shown has logged ${keys.join(", ")}`}</Nothing>
      ) : (
        <div
          class="panels-scroll panels-media"
          tabIndex={0}
          role="region"
          aria-label={title}
          style={{ height: `${Math.max(100, height - 34)}px`, "--columns": String(columns) }}
        >
          {all.slice(0, MOST).map(({ key, run }) => {
            const name = run.name ?? run.run;
            const of = { entity: run.entity, project: run.project, run: run.run };
            return <MediaPanel key={`${run.project}/${run.run}/${key}`} {...of} mediaKey={key} title={keys.length > 1 ? `${name} ${key}` : name} height={120} />;
          })}
        </div>
      )}
    </Frame>
  );
}
