/**
 * Where the nodes of a lineage lie: in layers from left to right, in which data
 * flows, with edges led around what is between. Knows no page, and nothing of
 * what the nodes are.
 */

export interface Edge {
  from: string;
  to: string;
}

export interface Point {
  x: number;
  y: number;
}

export interface Placed<E extends Edge> {
  /** The middle of each node, by its key. */
  nodes: Map<string, Point>;
  /** The way of each edge: from the right side of one node to the left side of the other. */
  edges: { edge: E; points: Point[] }[];
  width: number;
  height: number;
}

export interface Sizes {
  /** Of a node. */
  width: number;
  height: number;
  /** Between layers, and between nodes of one. */
  across: number;
  down: number;
}

export const SIZES: Sizes = { width: 184, height: 46, across: 48, down: 16 };

/** A node, or a bend of an edge that passes a layer. */
interface Cell {
  key: string;
  layer: number;
  bend: boolean;
  left: Cell[];
  right: Cell[];
  y: number;
}

/** Lays a graph out. Edges of unknown nodes are left out; circles are drawn back to the left. */
export function layout<E extends Edge>(keys: string[], edges: E[], sizes: Sizes = SIZES): Placed<E> {
  const known = new Set(keys);
  const drawn = edges.filter((edge) => known.has(edge.from) && known.has(edge.to) && edge.from !== edge.to);
  const back = circles(keys, drawn);
  const forward = drawn.map((edge) => (back.has(edge) ? { from: edge.to, to: edge.from } : { from: edge.from, to: edge.to }));
  const layerOf = layers(keys, forward);
  const cells = new Map(keys.map((key) => [key, cell(key, layerOf.get(key)!, false)]));
  const ways = forward.map((edge) => way(cells.get(edge.from)!, cells.get(edge.to)!));
  const columns = order([...new Set([...cells.values(), ...ways.flat()])]);
  const height = heights(columns, sizes);
  const point = (of: Cell): Point => ({ x: sizes.width / 2 + of.layer * (sizes.width + sizes.across), y: of.y });
  return {
    nodes: new Map(keys.map((key) => [key, point(cells.get(key)!)])),
    edges: drawn.map((edge, at) => ({ edge, points: ends(ways[at]!, back.has(edge), point, sizes) })),
    width: columns.length * (sizes.width + sizes.across) - sizes.across,
    height,
  };
}

function cell(key: string, layer: number, bend: boolean): Cell {
  return { key, layer, bend, left: [], right: [], y: 0 };
}

/** Edges by where they begin. */
function leaving<E extends Edge>(edges: E[]): Map<string, E[]> {
  const found = new Map<string, E[]>();
  for (const edge of edges) {
    const known = found.get(edge.from);
    if (known) known.push(edge);
    else found.set(edge.from, [edge]);
  }
  return found;
}

/** The edges that close a circle. */
function circles<E extends Edge>(keys: string[], edges: E[]): Set<E> {
  const out = leaving(edges);
  const state = new Map<string, "open" | "done">();
  const back = new Set<E>();
  for (const start of keys) {
    if (state.has(start)) continue;
    const stack = [{ key: start, at: 0 }];
    state.set(start, "open");
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const edge = out.get(top.key)?.[top.at++];
      if (!edge) {
        state.set(top.key, "done");
        stack.pop();
      } else if (state.get(edge.to) === "open") back.add(edge);
      else if (!state.has(edge.to)) {
        state.set(edge.to, "open");
        stack.push({ key: edge.to, at: 0 });
      }
    }
  }
  return back;
}

/** As far left as the longest way to it allows; what nothing leads to, just before what it leads to. */
function layers(keys: string[], edges: Edge[]): Map<string, number> {
  const out = leaving(edges);
  const waits = new Map(keys.map((key) => [key, 0]));
  for (const edge of edges) waits.set(edge.to, waits.get(edge.to)! + 1);
  const sources = keys.filter((key) => waits.get(key) === 0);
  const layer = new Map(keys.map((key) => [key, 0]));
  const ready = [...sources];
  for (let key = ready.shift(); key !== undefined; key = ready.shift()) {
    for (const { to } of out.get(key) ?? []) {
      layer.set(to, Math.max(layer.get(to)!, layer.get(key)! + 1));
      waits.set(to, waits.get(to)! - 1);
      if (waits.get(to) === 0) ready.push(to);
    }
  }
  for (const key of sources) {
    const next = (out.get(key) ?? []).map((edge) => layer.get(edge.to)!);
    if (next.length > 0) layer.set(key, Math.min(...next) - 1);
  }
  return layer;
}

/** The cells of an edge, with a bend in each layer that it passes. */
function way(from: Cell, to: Cell): Cell[] {
  const cells = [from];
  for (let layer = from.layer + 1; layer < to.layer; layer += 1) cells.push(cell("", layer, true));
  cells.push(to);
  for (let at = 1; at < cells.length; at += 1) {
    cells[at - 1]!.right.push(cells[at]!);
    cells[at]!.left.push(cells[at - 1]!);
  }
  return cells;
}

const SWEEPS = 8;

/** Layers with few crossings: each cell near the middle of those beside it. */
function order(cells: Cell[]): Cell[][] {
  const columns: Cell[][] = [];
  for (const one of cells) (columns[one.layer] ??= []).push(one);
  for (let at = 0; at < columns.length; at += 1) columns[at] ??= [];
  const place = new Map<Cell, number>();
  const note = (column: Cell[]) => column.forEach((one, at) => place.set(one, at));
  columns.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const right = sweep % 2 === 0;
    for (const column of right ? columns : [...columns].reverse()) {
      const wish = new Map(column.map((one) => [one, middle(right ? one.left : one.right, place) ?? place.get(one)!]));
      column.sort((a, b) => wish.get(a)! - wish.get(b)!);
      note(column);
    }
  }
  return columns;
}

function middle(of: Cell[], place: Map<Cell, number>): number | null {
  if (of.length === 0) return null;
  return of.reduce((sum, one) => sum + place.get(one)!, 0) / of.length;
}

/** Says each cell's y, near those beside it and never over another: the height of all. */
function heights(columns: Cell[][], sizes: Sizes): number {
  const room = (one: Cell) => (one.bend ? sizes.down : sizes.height + sizes.down);
  for (const column of columns) {
    let y = 0;
    for (const one of column) {
      one.y = y + room(one) / 2;
      y += room(one);
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const column of sweep % 2 === 0 ? columns : [...columns].reverse()) settle(column, room);
  }
  const all = columns.flat();
  const top = Math.min(...all.map((one) => one.y - room(one) / 2));
  for (const one of all) one.y -= top + sizes.down / 2;
  return all.length === 0 ? 0 : Math.max(...all.map((one) => one.y + room(one) / 2)) - sizes.down / 2;
}

/** Moves a column's cells to where they want to be, as far as their order and room allow. */
function settle(column: Cell[], room: (one: Cell) => number): void {
  const wish = column.map((one) => {
    const beside = [...one.left, ...one.right];
    return beside.length === 0 ? one.y : beside.reduce((sum, other) => sum + other.y, 0) / beside.length;
  });
  let free = -Infinity;
  column.forEach((one, at) => {
    one.y = Math.max(wish[at]!, free + room(one) / 2);
    free = one.y + room(one) / 2;
  });
  // Pushed down only so far: the whole column goes back by what it was pushed on average.
  const pushed = column.reduce((sum, one, at) => sum + one.y - wish[at]!, 0) / column.length;
  for (const one of column) one.y -= pushed;
}

/** From side to side; straight past what lies in the layers between, and not across it. */
function ends(cells: Cell[], back: boolean, point: (of: Cell) => Point, sizes: Sizes): Point[] {
  const points = cells.flatMap((one, at) => {
    const { x, y } = point(one);
    const [left, right] = [{ x: x - sizes.width / 2, y }, { x: x + sizes.width / 2, y }];
    if (at === 0) return [right];
    return at === cells.length - 1 ? [left] : [left, right];
  });
  return back ? points.reverse() : points;
}

/** A smooth line through points, as SVG's `d`. */
export function curve(points: Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let at = first;
  return rest.reduce((d, next) => {
    const half = (at.x + next.x) / 2;
    const step = `${d} C ${half} ${at.y}, ${half} ${next.y}, ${next.x} ${next.y}`;
    at = next;
    return step;
  }, `M ${first.x} ${first.y}`);
}
