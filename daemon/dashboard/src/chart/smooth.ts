/** Smoothing of lines: pure, and blind to gaps (`null` stays `null` and weighs nothing). */

export type SmoothKind = "ema" | "gaussian" | "average";

export interface Smoothing {
  kind: SmoothKind;
  /** For all kinds from 0 (as it is) to below 1 (nearly flat). */
  amount: number;
}

type Points = readonly (number | null)[];

/** The line, smoothed. */
export function smooth(y: Points, { kind, amount }: Smoothing): Points {
  if (amount <= 0 || y.length < 2) return y;
  if (kind === "ema") return ema(y, Math.min(amount, 0.999));
  // The widest window is half of the line.
  const width = Math.max(1, (Math.min(amount, 1) ** 2 * y.length) / 2);
  return kind === "average" ? average(y, Math.round(width)) : gaussian(y, width / 2);
}

/** Exponential moving average without the pull of its first value. */
export function ema(y: Points, weight: number): Points {
  let last = 0;
  let sum = 0;
  return y.map((value) => {
    if (value === null) return null;
    last = last * weight + value * (1 - weight);
    sum = sum * weight + (1 - weight);
    return last / sum;
  });
}

/** The mean of so many points before and after. */
export function average(y: Points, window: number): Points {
  const reach = Math.floor(window / 2);
  let sum = 0;
  let count = 0;
  const take = (at: number, sign: 1 | -1) => {
    const value = y[at];
    if (value == null) return;
    sum += sign * value;
    count += sign;
  };
  for (let at = 0; at < Math.min(reach, y.length); at += 1) take(at, 1);
  return y.map((value, at) => {
    take(at + reach, 1);
    take(at - reach - 1, -1);
    return value === null ? null : sum / count;
  });
}

/** The mean weighted by a bell of this many points. */
export function gaussian(y: Points, sigma: number): Points {
  const reach = Math.ceil(sigma * 3);
  const bell = Array.from({ length: reach + 1 }, (_, far) => Math.exp(-(far * far) / (2 * sigma * sigma)));
  return y.map((value, at) => {
    if (value === null) return null;
    let sum = 0;
    let weights = 0;
    for (let other = Math.max(0, at - reach); other <= Math.min(y.length - 1, at + reach); other += 1) {
      const there = y[other];
      if (there == null) continue;
      const weight = bell[Math.abs(other - at)]!;
      sum += weight * there;
      weights += weight;
    }
    return sum / weights;
  });
}
