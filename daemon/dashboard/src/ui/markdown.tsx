/**
 * Markdown of users, shown: nodes are built, never HTML. Nothing is loaded from
 * elsewhere: an image of another server is shown as a link to it.
 */
import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";

import { Formula } from "./formula";
import type { Inline } from "./markdown-inline";
import { parse, type Align, type Block, type Item } from "./markdown-parse";
import { OwnImage } from "./own-file";
import { safeImage, safeLink, type SafeLink } from "./safe-url";
import "./markdown.css";

/** Makes an address out of one that is relative to where the text is from; `null`: there is none. */
type Resolve = (address: string) => string | null;

/** A text in GitHub-flavoured markdown. */
export function Markdown({ text, resolve }: { text: string; resolve?: Resolve }) {
  const { blocks, cut } = useMemo(() => parse(text), [text]);
  return (
    <div class="md">
      <Blocks blocks={blocks} resolve={resolve} />
      {cut && <p class="dim">This text is too long to be shown whole.</p>}
    </div>
  );
}

function Blocks({ blocks, resolve }: { blocks: Block[]; resolve: Resolve | undefined }) {
  return <>{blocks.map((block, at) => <Shown key={at} block={block} resolve={resolve} />)}</>;
}

function Shown({ block, resolve }: { block: Block; resolve: Resolve | undefined }): JSX.Element {
  const inline = (nodes: Inline[]) => nodes.map((node, at) => <Said key={at} node={node} resolve={resolve} />);
  switch (block.kind) {
    case "heading": {
      const Heading = `h${block.level}` as "h1";
      return <Heading id={block.id}>{inline(block.children)}</Heading>;
    }
    case "paragraph":
      return <p>{inline(block.children)}</p>;
    case "code":
      return (
        <pre tabIndex={0} aria-label={block.language ? `Code, ${block.language}` : "Code"}>
          <code>{block.text}</code>
        </pre>
      );
    case "quote":
      return (
        <blockquote>
          <Blocks blocks={block.blocks} resolve={resolve} />
        </blockquote>
      );
    case "list": {
      const items = block.items.map((item, at) => <ListItem key={at} item={item} loose={block.loose} resolve={resolve} />);
      return block.ordered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>;
    }
    case "table":
      return (
        <div class="md-table">
          <table>
            <thead>
              <tr>{block.head.map((cell, at) => <th key={at} class={side(block.align[at])}>{inline(cell)}</th>)}</tr>
            </thead>
            <tbody>
              {block.rows.map((row, at) => (
                <tr key={at}>{row.map((cell, of) => <td key={of} class={side(block.align[of])}>{inline(cell)}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case "formula":
      return <p><Formula tex={block.tex} display /></p>;
    case "rule":
      return <hr />;
  }
}

function side(align: Align | undefined): string | undefined {
  return align && align !== "left" ? `md-${align}` : undefined;
}

function ListItem({ item, loose, resolve }: { item: Item; loose: boolean; resolve: Resolve | undefined }) {
  const [first, ...rest] = item.blocks;
  // In a list without gaps the text of an item is no paragraph of its own.
  const bare = !loose && first?.kind === "paragraph";
  return (
    <li class={item.done === null ? undefined : "md-task"}>
      {item.done !== null && <input type="checkbox" checked={item.done} disabled aria-label={item.done ? "done" : "to do"} />}
      {item.done !== null && " "}
      {bare && first.children.map((node, at) => <Said key={at} node={node} resolve={resolve} />)}
      <Blocks blocks={bare ? rest : item.blocks} resolve={resolve} />
    </li>
  );
}

function Said({ node, resolve }: { node: Inline; resolve: Resolve | undefined }): JSX.Element {
  const inside = () => ("children" in node ? node.children.map((one, at) => <Said key={at} node={one} resolve={resolve} />) : null);
  switch (node.kind) {
    case "text":
      return <>{node.text}</>;
    case "code":
      return <code>{node.text}</code>;
    case "formula":
      return <Formula tex={node.tex} display={node.display} />;
    case "break":
      return <br />;
    case "strong":
      return <strong>{inside()}</strong>;
    case "emphasis":
      return <em>{inside()}</em>;
    case "strike":
      return <del>{inside()}</del>;
    case "link":
      return (
        <UserLink to={node.to} title={node.title}>
          {inside()}
        </UserLink>
      );
    case "image":
      return <Picture src={(resolve && resolve(node.src)) ?? node.src} alt={node.alt} />;
  }
}

/** A link of users' content. */
export function UserLink(props: { to: SafeLink | null; title?: string; children: ComponentChildren }) {
  const { to } = props;
  if (!to) {
    return (
      <span class="md-refused" title="This link leads nowhere that may be followed">
        {props.children}
      </span>
    );
  }
  const title = props.title || undefined;
  if (to.own) {
    const href = to.href.startsWith("#") && !to.href.startsWith("#user-") ? `#user-${to.href.slice(1)}` : to.href;
    return <a href={href} title={title}>{props.children}</a>;
  }
  return (
    <a href={to.href} title={title} target="_blank" rel="noreferrer noopener">
      {props.children}
    </a>
  );
}

function Picture({ src, alt }: { src: string; alt: string }) {
  const safe = safeImage(src);
  if (safe && "data" in safe) return <img src={safe.data} alt={alt} />;
  if (safe) return <OwnImage path={safe.file} alt={alt} />;
  const to = safeLink(src);
  return <UserLink to={to} title="An image of another server: it is not loaded">{alt || src.slice(0, 200)}</UserLink>;
}
