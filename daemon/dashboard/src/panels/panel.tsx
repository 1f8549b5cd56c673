/** One panel of W&B's JSON. What cannot be drawn is named in its place. */
import { Markdown } from "../ui/markdown";
import { Nothing } from "./axes";
import { BarPanel, ScalarPanel } from "./bar";
import { ComparerPanel } from "./comparer";
import type { PanelContext } from "./context";
import { LinePanel } from "./line";
import { MediaBrowser } from "./media";
import { ParallelPanel } from "./parallel";
import { ScatterPanel } from "./scatter";
import { notDrawn, text, VIEW, type Fields, type PanelSpec } from "./spec";
import "./panels.css";

export interface PanelProps {
  spec: PanelSpec;
  context: PanelContext;
  /** In pixels. */
  height: number;
}

/** A panel. */
export function Panel({ spec, context, height }: PanelProps) {
  const config: Fields = spec.config ?? {};
  const props = { config, context, height };
  switch (spec.viewType) {
    case VIEW.line:
      return <LinePanel {...props} />;
    case VIEW.scatter:
      return <ScatterPanel {...props} />;
    case VIEW.bar:
      return <BarPanel {...props} />;
    case VIEW.scalar:
      return <ScalarPanel {...props} />;
    case VIEW.parallel:
      return <ParallelPanel {...props} />;
    case VIEW.comparer:
      return <ComparerPanel {...props} />;
    case VIEW.media:
      return <MediaBrowser {...props} />;
    case VIEW.markdown:
      return <MarkdownPanel value={text(config["value"]) ?? ""} height={height} />;
    default:
      return <NotDrawn viewType={spec.viewType} />;
  }
}

/** Names a panel that stays in the report without being drawn. */
export function NotDrawn({ viewType }: { viewType: string | undefined }) {
  return (
    <figure class="panels-frame panels-kept">
      <Nothing>{notDrawn(viewType)}</Nothing>
    </figure>
  );
}

export function MarkdownPanel({ value, height }: { value: string; height: number }) {
  return (
    <div class="panels-frame panels-scroll panels-text" style={{ height: `${height}px` }}>
      <Markdown text={value} />
    </div>
  );
}
