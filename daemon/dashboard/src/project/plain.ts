/** A run whose facts about machine and program can be compared with another's. Pure. */
import type { JsonValue, RunItem } from "../api";

type Json = { [key: string]: JsonValue };

function object(value: JsonValue | undefined): Json | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
}

/** W&B's SDK keys its facts by an id of each writer, which no two runs share: those of the first stand for all. */
export function plain(run: RunItem): RunItem {
  const { wandb, ...others } = run.metadata;
  const { e, ...more } = object(wandb) ?? {};
  const first = object(Object.values(object(e) ?? {})[0]);
  return first ? { ...run, metadata: { ...others, wandb: { ...more, ...first } } } : run;
}
