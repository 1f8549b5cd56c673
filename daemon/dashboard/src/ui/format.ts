/** How numbers, sizes and times are said. */

/** A number in at most about eight characters, as a person reads it. */
export function number(value: unknown): string {
  if (typeof value !== "number") return value == null ? "–" : String(value);
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(3).replace(/\.?0+e/, "e");
  return String(Number(value.toPrecision(5)));
}

const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

export function bytes(count: number): string {
  let unit = 0;
  let left = count;
  while (left >= 1000 && unit < UNITS.length - 1) {
    left /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? left : left.toFixed(left < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

/** How long ago, in one unit. `us`: microseconds since 1970. */
export function ago(us: number, now = Date.now()): string {
  const seconds = Math.max(0, now - us / 1000) / 1000;
  return seconds < 10 ? "just now" : `${duration(seconds, 1)} ago`;
}

/** `3 d 4 h`, in at most so many units. */
export function duration(seconds: number, units = 2): string {
  const parts: [number, string][] = [[86_400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  let left = Math.max(0, seconds);
  const said: string[] = [];
  for (const [size, name] of parts) {
    if (left < size && !(name === "s" && said.length === 0)) continue;
    const count = name === "s" ? Math.round(left) : Math.floor(left / size);
    left -= count * size;
    if (count > 0 || said.length === 0) said.push(`${count} ${name}`);
    if (said.length === units) break;
  }
  return said.join(" ");
}

/** A date and time of this browser's zone. */
export function time(us: number): string {
  return new Date(us / 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** `1 run`, `2 runs`. */
export function count(how: number, one: string, many = `${one}s`): string {
  return `${how.toLocaleString("en-US")} ${how === 1 ? one : many}`;
}
