/** The blocks of a report. What is not known is named in its place. */
import type { JSX } from "preact";

import { Formula } from "../ui/formula";
import { Markdown } from "../ui/markdown";
import { blockName, levelOf, plainText, type Block, type Run } from "./blocks";
import { tokens } from "./code";
import { useEnv } from "./env";
import { Gallery, Linked, Picture } from "./media";
import { Runs } from "./runs";

/** Blocks, one after the other. */
export function Blocks({ blocks }: { blocks: Block[] }) {
  return <>{blocks.map((block, at) => <BlockView key={at} block={block} />)}</>;
}

/** One block. */
export function BlockView({ block }: { block: Block }): JSX.Element | null {
  const env = useEnv();
  switch (block.type) {
    case "paragraph":
    case "default":
      return plainText(block.children) === "" ? null : <p><Runs runs={block.children} /></p>;
    case "heading":
      return <Heading block={block} />;
    case "table-of-contents":
      return <Contents />;
    case "list":
      return <List items={block.children ?? []} ordered={block.ordered} />;
    case "block-quote":
      return <blockquote><Runs runs={block.children} /></blockquote>;
    case "callout-block":
      return <Callout lines={block.children ?? []} />;
    case "code-block":
      return <Code block={block} />;
    case "markdown-block":
      // In a file only what was put into it can be shown.
      return <Markdown text={block.content ?? ""} {...(env.file && { resolve: (address: string) => env.file!.get(address) ?? "" })} />;
    case "latex":
      return <div class="reports-formula"><Formula tex={block.content ?? ""} display /></div>;
    case "horizontal-rule":
      return <hr />;
    case "image":
      return <Picture url={block.url ?? ""} caption={block.children} />;
    case "gallery":
      return <Gallery block={block} />;
    case "video":
      return <Linked what="Video" address={block.url} />;
    case "spotify":
      return <Linked what="Spotify" address={`https://open.spotify.com/${block.spotifyType ?? "track"}/${block.spotifyID ?? ""}`} />;
    case "soundcloud":
    case "twitter":
      return <Linked what={blockName(block)} address={firstAddress(block.html ?? "")} />;
    case "panel-grid":
      return <>{env.grid(block)}</>;
    default:
      return <p class="reports-kept">{blockName(block)} is kept, and not drawn here</p>;
  }
}

function Heading({ block }: { block: Block }) {
  const { anchors } = useEnv();
  const Level = `h${levelOf(block) + 1}` as "h2";
  const anchor = anchors.get(block);
  const title = (
    <Level id={anchor} class="reports-heading">
      <Runs runs={block.children} />
      {anchor && <a class="reports-anchor" href={`#${anchor}`} aria-label={`Link to ${plainText(block.children) || "this part"}`}>#</a>}
    </Level>
  );
  if (!block.collapsedChildren) return title;
  return (
    <details class="reports-folded">
      <summary>{title}</summary>
      <Blocks blocks={block.collapsedChildren} />
    </details>
  );
}

function Contents() {
  const { entries } = useEnv();
  if (entries.length === 0) return null;
  const least = Math.min(...entries.map((entry) => entry.level));
  return (
    <nav class="reports-contents" aria-label="Table of contents">
      <ul>
        {entries.map((entry) => (
          <li key={entry.anchor} class={`level-${entry.level - least}`}>
            <a href={`#${entry.anchor}`}>{entry.title}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function List({ items, ordered }: { items: Run[]; ordered: boolean | undefined }): JSX.Element {
  const numbered = ordered ?? items[0]?.ordered ?? false;
  const shown = items.map((item, at) => <ListItem key={at} item={item} />);
  return numbered ? <ol>{shown}</ol> : <ul>{shown}</ul>;
}

function ListItem({ item }: { item: Run }) {
  const task = item.checked !== undefined;
  return (
    <li class={task ? "reports-task" : undefined}>
      {task && <input type="checkbox" checked={item.checked ?? false} disabled aria-label={item.checked ? "done" : "to do"} />}
      {(item.children ?? []).map((child, at) =>
        child.type === "list" ? (
          <List key={at} items={child.children ?? []} ordered={child.ordered} />
        ) : (
          <div key={at} class="reports-item"><Runs runs={child.children ?? [child]} /></div>
        ),
      )}
    </li>
  );
}

function Callout({ lines }: { lines: Run[] }) {
  return (
    <aside class="reports-callout">
      {lines.map((line, at) => (
        <div key={at}><Runs runs={line.children} /></div>
      ))}
    </aside>
  );
}

function Code({ block }: { block: Block }) {
  const text = (block.children ?? []).map((line) => plainText(line.children)).join("\n");
  return (
    <pre class="reports-code" tabIndex={0} aria-label={block.language ? `Code, ${block.language}` : "Code"}>
      <code>
        {tokens(text, block.language).map((token, at) =>
          token.kind === "plain" ? token.text : <span key={at} class={`code-${token.kind}`}>{token.text}</span>,
        )}
      </code>
    </pre>
  );
}

/** The first address that HTML names: the HTML itself is never shown. */
function firstAddress(html: string): string | undefined {
  return /\b(?:href|src)\s*=\s*["']?(https?:\/\/[^"'\s<>]{1,2000})/i.exec(html)?.[1];
}
