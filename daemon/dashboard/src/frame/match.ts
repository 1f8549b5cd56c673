/** How well a text fits what somebody types. Pure. */

/** The greater the better; 0: not at all. The letters must come in order, best as a whole and at the start of a word. */
export function score(text: string, typed: string): number {
  const [of, by] = [text.toLowerCase(), typed.toLowerCase().trim()];
  if (by === "") return 1;
  const at = of.indexOf(by);
  if (at === 0) return 100 - Math.min(50, of.length - by.length) / 10;
  if (at > 0) return (/[^a-z0-9]/.test(of[at - 1]!) ? 80 : 60) - Math.min(50, at) / 10;
  let next = 0;
  for (const letter of of) if (letter === by[next]) next += 1;
  return next === by.length ? 20 - Math.min(15, of.length / 10) : 0;
}

/** The best first, so many at most. */
export function best<T>(all: readonly T[], typed: string, text: (one: T) => string, most: number): T[] {
  const scored = all.map((one) => [one, score(text(one), typed)] as const).filter(([, points]) => points > 0);
  return scored.sort((a, b) => b[1] - a[1]).slice(0, most).map(([one]) => one);
}
