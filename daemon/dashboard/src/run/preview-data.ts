/** What a file is shown as, by its name and content. Pure. */
import type { Source } from "./source";

export type Kind = "image" | "audio" | "video" | "frame" | "plotly" | "markdown" | "csv" | "tsv" | "json" | "text";

const KINDS: [RegExp, Kind][] = [
  [/\.plotly\.json$/, "plotly"],
  [/\.(png|jpe?g|gif|webp|bmp|avif|ico)$/, "image"],
  [/\.(wav|mp3|ogg|flac|m4a|opus)$/, "audio"],
  [/\.(mp4|webm|mov|ogv)$/, "video"],
  [/\.(html?|svg)$/, "frame"],
  [/\.(md|markdown)$/, "markdown"],
  [/\.csv$/, "csv"],
  [/\.tsv$/, "tsv"],
  [/\.json$/, "json"],
];

export function kindOf(name: string): Kind {
  const lower = name.toLowerCase();
  return KINDS.find(([pattern]) => pattern.test(lower))?.[1] ?? "text";
}

/** Text, if that is what it is. */
export function decoded(content: ArrayBuffer): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

/** The file that a path in a text means, from where that text lies; `null` where it leads elsewhere. */
export function resolved(address: string, from: string, source: Source): string | null {
  if (/^([a-z][a-z0-9+.-]*:|\/|#)/i.test(address)) return null;
  const parts = from.split("/").slice(0, -1);
  for (const part of address.split(/[?#]/)[0]!.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) return null;
    } else if (part !== "." && part !== "") parts.push(part);
  }
  return source.file(parts.join("/"));
}
