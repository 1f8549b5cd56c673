/** What a version was made from and what became of it, drawn from left to right. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { get, type LineageEdge, type LineageNode, type LineageView } from "../api";
import { useData } from "../data";
import { go, to } from "../routes";
import { Empty, Shown } from "../ui/state";
import { useLive } from "../live";
import { curve, layout, SIZES, type Placed } from "./layout";
import { parseName, registryOf, versionHref, versionRoute, type Of } from "./names";

const ZOOMS = [0.3, 0.4, 0.55, 0.75, 1, 1.35, 1.8];
const MARGIN = 12;
const READABLE = 0.85;

export function Lineage({ of, version }: { of: Of; version: string }) {
  const loaded = useData(
    (abort) => get<LineageView>(`${versionRoute(of, version)}/lineage`, {}, abort),
    [of.entity, of.project, of.collection, version],
  );
  useLive(of, (changed) => changed.artifacts, loaded.again);
  return (
    <Shown of={loaded} what="the lineage">
      {(view) =>
        view.edges.length === 0 ? (
          <Empty title="No lineage yet">
            <p>No run that is known here logged or used this version.</p>
          </Empty>
        ) : (
          <Graph view={view} />
        )
      }
    </Shown>
  );
}

function Graph({ view }: { view: LineageView }) {
  const placed = useMemo(() => layout(view.nodes.map((node) => node.key), view.edges), [view]);
  const frame = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState(1);
  const fit = (least: number) => {
    const room = (frame.current?.clientWidth ?? 0) - 2;
    setZoom(room > 0 ? Math.max(least, Math.min(1, room / (placed.width + 2 * MARGIN))) : 1);
  };
  // At first as small as can be read, with this version in the middle.
  useEffect(() => fit(READABLE), [placed]);
  useEffect(() => {
    const [box, focus] = [frame.current, placed.nodes.get(view.nodes[0]?.key ?? "")];
    if (!box || !focus) return;
    box.scrollLeft = (focus.x + MARGIN) * zoom - box.clientWidth / 2;
    box.scrollTop = (focus.y + MARGIN) * zoom - box.clientHeight / 2;
  }, [placed, zoom]);
  const step = (by: 1 | -1) => setZoom((was) => nextZoom(was, by));
  usePan(frame, step);
  return (
    <div class="artifacts-lineage">
      <div class="artifacts-bar">
        <button aria-label="Zoom out" onClick={() => step(-1)}>
          −
        </button>
        <button aria-label="Zoom in" onClick={() => step(1)}>
          +
        </button>
        <button onClick={() => fit(ZOOMS[0]!)}>Fit</button>
        <Legend />
      </div>
      {view.cut && <p class="artifacts-why">There is more than is drawn here: open a version at the edge to see on from there.</p>}
      <div class="artifacts-graph" ref={frame} data-testid="lineage" tabIndex={-1}>
        <Drawing view={view} placed={placed} zoom={zoom} />
      </div>
    </div>
  );
}

function nextZoom(was: number, by: 1 | -1): number {
  const found = by > 0 ? ZOOMS.find((zoom) => zoom > was + 0.01) : ZOOMS.findLast((zoom) => zoom < was - 0.01);
  return found ?? was;
}

/** Dragging moves what is in sight; the wheel with Ctrl zooms. Fingers and keys scroll as they always do. */
function usePan(frame: { current: HTMLDivElement | null }, step: (by: 1 | -1) => void): void {
  useEffect(() => {
    const box = frame.current;
    if (!box) return;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      step(event.deltaY < 0 ? 1 : -1);
    };
    let last: PointerEvent | null = null;
    const down = (event: PointerEvent) => {
      if (event.pointerType === "mouse" && event.button === 0 && !(event.target as Element).closest("a")) last = event;
    };
    const move = (event: PointerEvent) => {
      if (!last) return;
      box.scrollLeft -= event.clientX - last.clientX;
      box.scrollTop -= event.clientY - last.clientY;
      last = event;
    };
    const up = () => (last = null);
    box.addEventListener("wheel", wheel, { passive: false });
    box.addEventListener("pointerdown", down);
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    return () => {
      box.removeEventListener("wheel", wheel);
      box.removeEventListener("pointerdown", down);
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
    };
  }, []);
}

const KINDS = { artifact: "version", run: "run", link: "link to a registry" };

function Legend() {
  return (
    <ul class="artifacts-legend" aria-label="Legend">
      {Object.entries(KINDS).map(([kind, said]) => (
        <li key={kind} class={`artifacts-kind-${kind}`}>
          {said}
        </li>
      ))}
      <li class="artifacts-kind-focus">this version</li>
    </ul>
  );
}

function Drawing({ view, placed, zoom }: { view: LineageView; placed: Placed<LineageEdge>; zoom: number }) {
  const [wide, high] = [placed.width + 2 * MARGIN, placed.height + 2 * MARGIN];
  return (
    <svg
      role="group"
      aria-label="Lineage, in which data flows from left to right"
      width={wide * zoom}
      height={high * zoom}
      viewBox={`${-MARGIN} ${-MARGIN} ${wide} ${high}`}
    >
      <defs>
        <marker id="lineage-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M 0 0 L 8 4 L 0 8 z" class="artifacts-arrow" />
        </marker>
      </defs>
      {placed.edges.map(({ edge, points }) => (
        <path key={`${edge.from} ${edge.to} ${edge.how}`} d={curve(points)} class={`artifacts-edge artifacts-edge-${edge.how}`} marker-end="url(#lineage-arrow)">
          <title>{edge.by ? `${edge.how} by ${edge.by}` : edge.how}</title>
        </path>
      ))}
      {view.nodes.map((node, nth) => (
        <Node key={node.key} node={node} at={placed.nodes.get(node.key)!} focus={nth === 0} />
      ))}
    </svg>
  );
}

/** What a node says in its two lines. */
function words(node: LineageNode): [string, string] {
  const name = parseName(node.name);
  const short = name ? `${name.collection}:${name.version}` : node.name;
  switch (node.kind) {
    case "run":
      return [node.display_name || node.run, [node.job_type ?? "run", node.state].join(", ")];
    case "artifact":
      return [short, [node.type, ...node.aliases].join(", ")];
    case "link":
      return [short, [name ? (registryOf(name.project) ?? name.project) : "", ...node.aliases].filter(Boolean).join(", ")];
  }
}

/** Its page. */
function href(node: LineageNode): string {
  if (node.kind === "run") return to.run(node.entity, node.project, node.run);
  const name = parseName(node.name);
  if (!name) return "#";
  return versionHref(name, node.kind === "artifact" ? node.type : "link", name.version, node.kind === "artifact" ? "lineage" : undefined);
}

function Node({ node, at, focus }: { node: LineageNode; at: { x: number; y: number }; focus: boolean }) {
  const [first, second] = words(node);
  const { width, height } = SIZES;
  const target = href(node);
  // The page's own handler of links knows those of HTML only.
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(target);
  };
  return (
    <g transform={`translate(${at.x - width / 2} ${at.y - height / 2})`}>
      <a
        href={target}
        onClick={follow}
        class={`artifacts-node artifacts-node-${node.kind}${focus ? " artifacts-node-focus" : ""}`}
        aria-label={`${KINDS[node.kind]} ${first}, ${second}`}
        aria-current={focus ? "true" : undefined}
      >
        <title>{node.name}</title>
        <rect width={width} height={height} rx={node.kind === "run" ? height / 2 : 5} />
        <text x={width / 2} y={19}>
          {cut(first, 24)}
        </text>
        <text x={width / 2} y={35} class="artifacts-second">
          {cut(second, 28)}
        </text>
      </a>
    </g>
  );
}

/** Cut in the middle: the end of a name tells versions apart. */
function cut(text: string, room: number): string {
  if (text.length <= room) return text;
  const end = Math.floor((room - 1) / 2);
  return `${text.slice(0, room - 1 - end)}…${text.slice(-end)}`;
}
