/** W&B's media browser: what runs logged under some keys, each with its steps. */
import { MediaPanel } from "../run/media-panel";
import { count } from "../ui/format";
import { Frame, Nothing } from "./axes";
import type { PanelContext } from "./context";
import { finite, text, texts, type Fields } from "./spec";
import { useKeys } from "./use-runs";

/** Runs of one key at most. */
const RUNS = 12;

export function MediaBrowser({ config, context, height }: { config: Fields; context: PanelContext; height: number }) {
  const named = texts(config["mediaKeys"]);
  const known = useKeys(context.entity, context.project, named.length === 0);
  const keys = named.length > 0 ? named : (known?.media.map((one) => one.key) ?? []).slice(0, 4);
  const runs = context.runs.slice(0, RUNS);
  const left = context.runs.length - runs.length;
  const columns = Math.min(12, Math.max(1, finite(config["columnCount"]) ?? 2));
  const title = text(config["chartTitle"]) ?? (keys.join(", ") || "Media");
  return (
    <Frame title={title} note={left > 0 ? `${count(left, "more run")} left out` : undefined}>
      {keys.length === 0 || runs.length === 0 ? (
        <Nothing>{runs.length === 0 ? "No run is shown" : "No run has logged media"}</Nothing>
      ) : (
        <div class="panels-scroll panels-media" tabIndex={0} role="region" aria-label={title} style={{ height: `${Math.max(100, height - 34)}px`, "--columns": String(columns) }}>
          {keys.flatMap((key) =>
            runs.map(({ run }) => (
              <MediaPanel
                key={`${run.project}/${run.run}/${key}`}
                entity={run.entity}
                project={run.project}
                run={run.run}
                mediaKey={key}
                title={keys.length > 1 ? `${run.name ?? run.run} ${key}` : (run.name ?? run.run)}
                height={120}
              />
            )),
          )}
        </div>
      )}
    </Frame>
  );
}
