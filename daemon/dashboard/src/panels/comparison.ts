/** Runs beside each other, field by field. Pure. */
import type { JsonValue, RunItem } from "../api";

export interface Row {
  section: "run" | "config" | "summary" | "metadata";
  key: string;
  /** What each run has there. */
  values: (JsonValue | undefined)[];
  differs: boolean;
}

/** All fields of the runs, by section and name; facts about machine and program where those are wanted, too. */
export function comparison(runs: RunItem[], metadata = false): Row[] {
  const attributes = runs.map((run): Record<string, JsonValue> => ({
    state: run.state,
    ...(run.group && { group: run.group }),
    ...(run.job_type && { "job type": run.job_type }),
    ...(run.tags?.length && { tags: run.tags.join(", ") }),
  }));
  return [
    ...rows("run", attributes),
    ...rows("config", runs.map((run) => flat(run.config))),
    ...rows("summary", runs.map((run) => flat(run.summary))),
    ...(metadata ? rows("metadata", runs.map((run) => flat(run.metadata))) : []),
  ];
}

function rows(section: Row["section"], of: Record<string, JsonValue>[]): Row[] {
  const keys = [...new Set(of.flatMap((one) => Object.keys(one)))].sort();
  return keys.map((key) => {
    const values = of.map((one) => one[key]);
    const said = new Set(values.map((value) => JSON.stringify(value) ?? ""));
    return { section, key, values, differs: said.size > 1 };
  });
}

/** Nested objects as dotted names; W&B's own keys and objects of media stay out. */
function flat(of: { [key: string]: JsonValue }, before = ""): Record<string, JsonValue> {
  const found: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(of)) {
    if (before === "" && key.startsWith("_")) continue;
    const inner = typeof value === "object" && value !== null && !Array.isArray(value);
    if (inner && "_type" in value) continue;
    if (inner) Object.assign(found, flat(value, `${before}${key}.`));
    else found[before + key] = value;
  }
  return found;
}
