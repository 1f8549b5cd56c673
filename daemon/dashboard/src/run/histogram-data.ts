/** Histograms as W&B's JSON says them, and many of them over the same bins. Pure. */

export interface Histogram {
  /** Ascending, one more than counts. */
  edges: number[];
  counts: number[];
}

/** Reads `{bins, values}`, or `packedBins: {min, size, count}`; `null` where it is none. */
export function readHistogram(value: Record<string, unknown>): Histogram | null {
  const counts = numbers(value["values"]);
  const packed = value["packedBins"] as { min?: unknown; size?: unknown; count?: unknown } | undefined;
  if (!counts) return null;
  const edges = packed ? spread(Number(packed.min), Number(packed.size), counts.length) : numbers(value["bins"]);
  if (!edges || edges.length !== counts.length + 1 || !edges.every(Number.isFinite)) return null;
  return { edges, counts: counts.map((count) => (Number.isFinite(count) && count > 0 ? count : 0)) };
}

function numbers(value: unknown): number[] | null {
  return Array.isArray(value) && value.length > 0 ? value.map(Number) : null;
}

function spread(min: number, size: number, count: number): number[] {
  return Array.from({ length: count + 1 }, (_, at) => min + size * at);
}

/** The range that all of them lie in. */
export function rangeOf(all: readonly Histogram[]): [number, number] {
  const low = all.reduce((least, one) => Math.min(least, one.edges[0]!), Infinity);
  const high = all.reduce((most, one) => Math.max(most, one.edges[one.edges.length - 1]!), -Infinity);
  if (!(low <= high)) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** The same counts over `bins` even bins of a range: each is shared out by where its bin lies. */
export function rebin(one: Histogram, [low, high]: [number, number], bins: number): number[] {
  const out = new Array<number>(bins).fill(0);
  const width = (high - low) / bins;
  one.counts.forEach((count, at) => {
    if (count === 0) return;
    const [from, to] = [one.edges[at]!, one.edges[at + 1]!];
    const first = clamp(Math.floor((from - low) / width), bins);
    const last = clamp(Math.floor((to - low) / width), bins);
    if (first === last || to <= from) {
      out[first]! += count;
      return;
    }
    for (let bin = first; bin <= last; bin += 1) {
      const shared = Math.min(to, low + width * (bin + 1)) - Math.max(from, low + width * bin);
      out[bin]! += (count * Math.max(0, shared)) / (to - from);
    }
  });
  return out;
}

function clamp(bin: number, bins: number): number {
  return Math.max(0, Math.min(bins - 1, bin));
}

/** At most so many indices of a list, evenly, the first and the last among them. */
export function thinned(length: number, most: number): number[] {
  if (length <= most) return Array.from({ length }, (_, at) => at);
  return Array.from({ length: most }, (_, at) => Math.round((at * (length - 1)) / (most - 1)));
}
