/**
 * What W&B's JSON of a logged medium says: the pieces that are shown beside each
 * other. Pure; forgiving, for programs of any kind write it.
 */

/** Overlays of a picture by name: the files that hold them. */
export type Overlays = Record<string, string>;

export interface Piece {
  /** W&B's `_type` of the single piece. */
  type: string;
  /** The file, where it is one. */
  path: string | null;
  caption: string;
  boxes: Overlays;
  masks: Overlays;
  /** The JSON that says it. */
  value: Record<string, unknown>;
}

type Json = Record<string, unknown>;

/** What a list of W&B's is made of: its `_type`, the key of the list, the `_type` of each. */
const LISTS: Record<string, [key: string, type: string]> = {
  audio: ["audio", "audio-file"],
  videos: ["videos", "video-file"],
  html: ["html", "html-file"],
};

/** The pieces of what was logged at one step. */
export function pieces(value: Json): Piece[] {
  const type = text(value["_type"]);
  if (type === "images/separated" || type === "images") return images(value);
  const list = LISTS[type];
  if (!list) return [piece(value, type, value["caption"])];
  const captions = array(value["captions"]);
  return array(value[list[0]]).filter(isObject).map((one, at) => piece(one, list[1], one["caption"] ?? captions[at]));
}

function images(value: Json): Piece[] {
  const captions = array(value["captions"]);
  const [boxes, masks] = [array(value["all_boxes"]), array(value["all_masks"])];
  return array(value["filenames"]).map((path, at) => {
    const said = { path, boxes: boxes[at], masks: masks[at] };
    return { ...piece(said, "image-file", captions[at]), value: { ...value, ...said } };
  });
}

function piece(value: Json, type: string, caption: unknown): Piece {
  const path = typeof value["path"] === "string" ? value["path"] : null;
  return { type, path, caption: text(caption), boxes: overlays(value["boxes"]), masks: overlays(value["masks"]), value };
}

function overlays(said: unknown): Overlays {
  if (!isObject(said)) return {};
  const named = Object.entries(said).flatMap(([name, one]) => {
    const path = isObject(one) ? one["path"] : null;
    return typeof path === "string" ? [[name, path] as const] : [];
  });
  return Object.fromEntries(named);
}

/** A rectangle over a picture, in parts of its width and height. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
  label: string;
  /** What it is toggled and coloured by. */
  kind: number;
}

/** The boxes in a file of them; `size`: the picture's, for boxes in pixels. */
export function boxes(file: unknown, size: { width: number; height: number }): Box[] {
  const list = isObject(file) ? array(file["box_data"]) : array(file);
  const labels = isObject(file) && isObject(file["class_labels"]) ? file["class_labels"] : {};
  return list.filter(isObject).flatMap((one) => {
    const at = isObject(one["position"]) ? rectangle(one["position"]) : null;
    if (!at) return [];
    const [w, h] = one["domain"] === "pixel" ? [size.width || 1, size.height || 1] : [1, 1];
    const kind = Number(one["class_id"] ?? 0);
    const label = text(one["box_caption"]) || text(labels[String(kind)]) || `class ${kind}`;
    return [{ left: at[0] / w, top: at[1] / h, width: at[2] / w, height: at[3] / h, label, kind }];
  });
}

function rectangle(at: Json): [number, number, number, number] | null {
  const middle = array(at["middle"]).map(Number);
  const [w, h] = [Number(at["width"]), Number(at["height"])];
  const found =
    middle.length === 2
      ? ([middle[0]! - w / 2, middle[1]! - h / 2, w, h] as const)
      : ([Number(at["minX"]), Number(at["minY"]), Number(at["maxX"]) - Number(at["minX"]), Number(at["maxY"]) - Number(at["minY"])] as const);
  return found.every(Number.isFinite) ? [...found] : null;
}

/** The index of the last of ascending steps that is not beyond `step`; -1: there is none. */
export function lastUpTo(steps: readonly number[], step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The names of classes, by the overlay and the class. */
export type ClassNames = (set: string, kind: number) => string | null;

/** What W&B's SDK says of the classes of masks under a key, in the run's metadata. */
export function classNames(metadata: unknown, key: string): ClassNames {
  const sdk = isObject(metadata) && isObject(metadata["wandb"]) ? metadata["wandb"] : {};
  const all = isObject(sdk["mask/class_labels"]) ? sdk["mask/class_labels"] : {};
  return (set, kind) => {
    const said = all[`${key}_wandb_delimeter_${set}`];
    const names = isObject(said) && isObject(said["value"]) ? said["value"] : {};
    return text(names[String(kind)]) || null;
  };
}

/** Twelve colours that differ, for classes. */
const COLOURS = ["#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#469990", "#9a6324", "#f032e6", "#808000", "#000075", "#bfa100", "#800000"];

export function classColor(kind: number): string {
  return COLOURS[((Math.trunc(kind) % COLOURS.length) + COLOURS.length) % COLOURS.length]!;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function array(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}
