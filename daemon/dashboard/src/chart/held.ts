/**
 * Series that were asked for, run by run, so that showing, hiding and scrolling ask
 * only for what is new, and a change only for the runs that changed.
 */
import type { ApiError, Changed, SeriesView } from "../api";
import { askSeries, type Want } from "./ask";

type Wanted = Omit<Want, "runs">;

/** At least so long between two questions of a panel that follows running runs. */
const PAUSE_MS = 100;

export class Held {
  private readonly runs = new Map<string, SeriesView[]>();
  private readonly stale = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private asking = false;
  private wanted: readonly string[] = [];
  error: ApiError | null = null;

  constructor(readonly want: Wanted) {}

  /** Whether every wanted run was asked for at least once. */
  get complete(): boolean {
    return this.wanted.every((run) => this.runs.has(run));
  }

  /** Of the wanted runs, in their order. */
  series(): SeriesView[] {
    return this.wanted.flatMap((run) => this.runs.get(run) ?? []);
  }

  /** Says which runs are wanted now, and asks for those that are new. */
  show(runs: readonly string[]): void {
    this.wanted = runs;
    void this.pump();
  }

  /** Says what changed. It is asked for at once while somebody looks, else when somebody does. */
  mark(changed: Changed): void {
    const runs = changed.runs.includes("*") ? this.runs.keys() : changed.runs;
    for (const run of runs) this.stale.add(run);
    if (this.listeners.size > 0) void this.pump();
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Asks again after a failure. */
  again(): void {
    this.error = null;
    void this.pump();
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  private async pump(): Promise<void> {
    if (this.asking) return;
    const runs = this.wanted.filter((run) => !this.runs.has(run) || this.stale.has(run));
    if (runs.length === 0) return;
    this.asking = true;
    const begun = performance.now();
    for (const run of runs) this.stale.delete(run);
    try {
      const series = await askSeries({ ...this.want, runs });
      for (const run of runs) this.runs.set(run, []);
      for (const one of series) this.runs.get(one.run)?.push(one);
      this.error = null;
    } catch (error) {
      this.error = error as ApiError;
      for (const run of runs) this.stale.add(run);
    }
    this.tell();
    // Longer where the machine is slow: what is asked has to be drawn, too.
    const pause = Math.max(PAUSE_MS, performance.now() - begun);
    await new Promise((done) => setTimeout(done, pause));
    this.asking = false;
    if (!this.error && this.listeners.size > 0) void this.pump();
  }
}

const MOST_HELD = 120;
const all = new Map<string, Held>();
let last: Changed | null = null;

/** What is held of this; new where nothing was. */
export function held(want: Wanted): Held {
  const sign = JSON.stringify(want);
  const one = all.get(sign) ?? new Held(want);
  // The map's order is that of use: the first is dropped first.
  all.delete(sign);
  all.set(sign, one);
  if (all.size > MOST_HELD) all.delete(all.keys().next().value!);
  return one;
}

/** Tells all that is held of a project of a change; each panel that hears of it may say it. */
export function markHeld(entity: string, project: string, changed: Changed): void {
  if (changed === last) return;
  last = changed;
  for (const one of all.values()) if (one.want.entity === entity && one.want.project === project) one.mark(changed);
}

const lookers = new Map<string, number>();

/** Counts who follows a project: what nobody followed for a while is forgotten. */
export function follow(entity: string, project: string): () => void {
  const name = `${entity}/${project}`;
  const before = lookers.get(name) ?? 0;
  lookers.set(name, before + 1);
  return () => {
    const left = (lookers.get(name) ?? 1) - 1;
    lookers.set(name, left);
    if (left > 0) return;
    for (const [sign, one] of all) if (one.want.entity === entity && one.want.project === project) all.delete(sign);
  };
}
