/** Drawing that is spread over frames: so many charts as a frame has time for, the others in the next. */

/** Of the 16 ms that a frame has, this much may be ours. */
const BUDGET_MS = 9;

const waiting = new Map<object, () => void>();
let frame = 0;

/** Draws in one of the next frames; of several for one owner, the last. */
export function drawSoon(owner: object, draw: () => void): void {
  waiting.set(owner, draw);
  frame ||= requestAnimationFrame(() => void run());
}

/** Takes the owner's drawing back. */
export function drawNot(owner: object): void {
  waiting.delete(owner);
}

async function run(): Promise<void> {
  const end = performance.now() + BUDGET_MS;
  for (const [owner, draw] of waiting) {
    waiting.delete(owner);
    draw();
    // uPlot draws in a microtask, which has its time taken here.
    await null;
    if (performance.now() >= end) break;
  }
  frame = waiting.size > 0 ? requestAnimationFrame(() => void run()) : 0;
}
