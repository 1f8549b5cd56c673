/** Panel settings as a short text for the URL: `e0.6_ly_xt` is EMA of 0.6, log y, along time. Pure. */
import type { LineOptions } from "./options";
import type { SmoothKind } from "./smooth";

type Some = Partial<LineOptions>;

const KINDS: Record<string, SmoothKind> = { e: "ema", g: "gaussian", a: "average" };
const FLAGS: [string, keyof Some, boolean][] = [
  ["lx", "logX", true],
  ["ly", "logY", true],
  ["c", "clip", true],
  ["no", "original", false],
  ["nb", "band", false],
];
const ENDS: [string, "xMin" | "xMax" | "yMin" | "yMax"][] = [["x0", "xMin"], ["x1", "xMax"], ["y0", "yMin"], ["y1", "yMax"]];

/** The settings that are said, as text; nothing for none. */
export function compact(options: Some): string {
  const parts: string[] = [];
  const { smoothing, x } = options;
  if (smoothing) parts.push(smoothing.kind[0]! + smoothing.amount);
  if (x) parts.push(typeof x === "object" ? `xm:${escape(x.metric)}` : `x${x[0]!}`);
  for (const [text, name, value] of FLAGS) {
    if (options[name] === value) parts.push(text);
    else if (options[name] === !value) parts.push(`-${text}`);
  }
  for (const [text, name] of ENDS) if (options[name] != null) parts.push(`${text}:${options[name]}`);
  return parts.join("_");
}

/** What such a text says; what it does not say properly is left out. */
export function expand(text: string): Some {
  const options: Some = {};
  for (const part of text.split("_")) read(part, options);
  return options;
}

function read(part: string, options: Some): void {
  const flag = FLAGS.find(([name]) => part === name || part === `-${name}`);
  const end = ENDS.find(([name]) => part.startsWith(`${name}:`));
  const smoothing = /^([ega])(\d*\.?\d+)$/.exec(part);
  const along = ({ xs: "step", xt: "time", xr: "relative" } as const)[part];
  if (flag) Object.assign(options, { [flag[1]]: part.startsWith("-") ? !flag[2] : flag[2] });
  else if (along) options.x = along;
  else if (part.startsWith("xm:")) options.x = { metric: unescape(part.slice(3)) };
  else if (smoothing) options.smoothing = { kind: KINDS[smoothing[1]!]!, amount: Math.min(1, Number(smoothing[2])) };
  else if (end) {
    const value = Number(part.slice(end[0].length + 1));
    if (Number.isFinite(value)) options[end[1]] = value;
  }
}

/** A name without the characters that texts of settings are put together by. */
export function escape(name: string): string {
  return name.replaceAll(/[%_~;,]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
}

export function unescape(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
