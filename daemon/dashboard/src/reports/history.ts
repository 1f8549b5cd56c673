/** Steps that can be undone and done again. Pure. */

export interface History<T> {
  past: readonly T[];
  now: T;
  future: readonly T[];
  /** What the last step was about: steps about the same thing, as typing is, count as one. */
  about: string | null;
}

const MOST = 200;

export function begin<T>(now: T): History<T> {
  return { past: [], now, future: [], about: null };
}

/** A step. */
export function step<T>(of: History<T>, now: T, about: string | null = null): History<T> {
  if (now === of.now) return of;
  const same = about !== null && about === of.about;
  const past = same ? of.past : [...of.past.slice(1 - MOST), of.now];
  return { past, now, future: [], about };
}

export function undo<T>(of: History<T>): History<T> {
  const before = of.past.at(-1);
  if (of.past.length === 0 || before === undefined) return of;
  return { past: of.past.slice(0, -1), now: before, future: [of.now, ...of.future], about: null };
}

export function redo<T>(of: History<T>): History<T> {
  const [after, ...future] = of.future;
  return after === undefined ? of : { past: [...of.past, of.now], now: after, future, about: null };
}
