/** One line of a console. */
import { memo } from "../ui/memo";
import type { LogLine } from "../api";
import { marked, spans, type Style } from "../ui/ansi";
import { clock } from "./log-lines";

/** More of a line is cut, for no screen is that wide. */
const LENGTH_MAX = 4000;

interface RowProps {
  index: number;
  line: LogLine | undefined;
  /** Digits of the longest line number. */
  width: number;
  times: boolean;
  find: string;
  /** Whether it is the match that one is at. */
  current: boolean;
}

export const LogRow = memo(function LogRow({ index, line, width, times, find, current }: RowProps) {
  const kind = ["run-line", line?.stderr && "stderr", current && "current"].filter(Boolean).join(" ");
  return (
    <div class={kind}>
      <span class="run-line-number" style={{ minWidth: `${width}ch` }} aria-hidden="true">
        {index + 1}
      </span>
      {line?.stderr && <span class="run-line-mark" title="Standard error">!</span>}
      {times && <span class="dim">{line ? clock(line.time_us) : ""}</span>}
      {line?.label && <span class="run-line-label">{line.label}</span>}
      <span>{line ? <Text text={line.text.slice(0, LENGTH_MAX)} find={find} cut={line.text.length > LENGTH_MAX} /> : "…"}</span>
    </div>
  );
});

function Text({ text, find, cut }: { text: string; find: string; cut: boolean }) {
  return (
    <>
      {marked(spans(text), find).map(({ text: said, style, hit }, at) => {
        const look = lookOf(style);
        const inner = hit ? <mark>{said}</mark> : said;
        return look.class || look.style ? <span key={at} {...look}>{inner}</span> : <>{inner}</>;
      })}
      {cut && <span class="dim"> … cut here; the download has all of it</span>}
    </>
  );
}

/** The sixteen colours are those of the theme; others are as they were said. */
function lookOf(style: Style): { class?: string; style?: Record<string, string> } {
  const { fg, bg } = style.inverse ? { fg: style.bg ?? "var(--ground)", bg: style.fg ?? "var(--text)" } : style;
  const names = (["bold", "dim", "italic", "underline", "strike"] as const).filter((name) => style[name]).map((name) => `ansi-${name}`);
  if (typeof fg === "number") names.push(`ansi-fg-${fg}`);
  if (typeof bg === "number") names.push(`ansi-bg-${bg}`);
  const own: Record<string, string> = {};
  if (typeof fg === "string") own["color"] = fg;
  if (typeof bg === "string") own["background"] = bg;
  return { ...(names.length > 0 && { class: names.join(" ") }), ...(Object.keys(own).length > 0 && { style: own }) };
}
