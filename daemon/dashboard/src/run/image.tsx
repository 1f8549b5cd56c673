/** A picture, with the boxes and masks that were logged with it drawn over it. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { ask } from "../api";
import { Dialog } from "../ui/dialog";
import { useObjectUrl } from "../ui/own-file";
import { Failure } from "../ui/state";
import { boxes, classColor, type Box, type ClassNames, type Piece } from "./media-data";
import type { Source } from "./source";

interface Size {
  width: number;
  height: number;
}

/** Pictures of fewer pixels are shown with their pixels. */
const SMALL = 100;

/** What is toggled: a class of a set of boxes or of a mask. */
interface Layer {
  set: string;
  kind: number;
  label: string;
}

interface PictureProps {
  piece: Piece;
  path: string;
  source: Source;
  names?: ClassNames | undefined;
}

export function Picture(props: PictureProps) {
  const { piece, path } = props;
  const [large, setLarge] = useState(false);
  const said = piece.caption || path.split("/").at(-1)!;
  return (
    <>
      <Drawn {...props} alt={said} onClick={() => setLarge(true)} />
      {large && (
        <Dialog title={said} wide onClose={() => setLarge(false)}>
          <div class="run-large">
            <Drawn {...props} alt={said} />
          </div>
        </Dialog>
      )}
    </>
  );
}

function Drawn(props: PictureProps & { alt: string; onClick?: () => void }) {
  const { piece, source, alt, onClick, names } = props;
  const { url, error } = useObjectUrl(source.file(props.path));
  const [size, setSize] = useState<Size | null>(null);
  const [off, setOff] = useState<ReadonlySet<string>>(new Set());
  const overlays = useOverlays(piece, source, size);
  const layers = useMemo(() => layersOf(overlays, names), [overlays, names]);
  if (error) return <Failure error={error} />;
  if (!url) return <span class="dim">Loading…</span>;
  const shown = (set: string, kind: number) => !off.has(`${set} ${kind}`);
  const image = (
    <img
      class="run-picture"
      src={url}
      alt={alt}
      onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
        setSize((was) => (was?.width === width && was.height === height ? was : { width, height }));
      }}
    />
  );
  const over = (
    <span class={size && size.width < SMALL ? "run-over small" : "run-over"} style={size ? { "--ratio": String(size.width / size.height) } : {}}>
      {image}
      {overlays.masks.map(({ set, mask }) => <MaskLayer key={set} mask={mask} shown={(kind) => shown(set, kind)} />)}
      {overlays.boxes.map(({ set, boxes: all }) => all.filter((box) => shown(set, box.kind)).map((box, at) => <BoxLayer key={`${set}${at}`} box={box} />))}
    </span>
  );
  return (
    <>
      {onClick ? (
        <button class="quiet run-enlarge" aria-label={`Enlarge ${alt}`} onClick={onClick}>
          {over}
        </button>
      ) : (
        over
      )}
      {layers.length > 0 && <Toggles layers={layers} off={off} onOff={setOff} />}
    </>
  );
}

function Toggles(props: { layers: Layer[]; off: ReadonlySet<string>; onOff: (off: ReadonlySet<string>) => void }) {
  const flip = (id: string) => {
    const next = new Set(props.off);
    if (!next.delete(id)) next.add(id);
    props.onOff(next);
  };
  return (
    <fieldset class="run-layers">
      <legend class="dim">Drawn over</legend>
      {props.layers.map(({ set, kind, label }) => {
        const id = `${set} ${kind}`;
        return (
          <label key={id}>
            <input type="checkbox" checked={!props.off.has(id)} onChange={() => flip(id)} />
            <i style={{ background: classColor(kind) }} /> {set}: {label}
          </label>
        );
      })}
    </fieldset>
  );
}

function BoxLayer({ box }: { box: Box }) {
  const part = (of: number) => `${of * 100}%`;
  const colour = classColor(box.kind);
  const style = { left: part(box.left), top: part(box.top), width: part(box.width), height: part(box.height), borderColor: colour };
  return (
    <span class="run-box" style={style}>
      <span style={{ background: colour }}>{box.label}</span>
    </span>
  );
}

function MaskLayer({ mask, shown }: { mask: Mask; shown: (kind: number) => boolean }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const visible = mask.kinds.filter(shown).join(" ");
  useEffect(() => {
    const context = ref.current?.getContext("2d");
    if (!context) return;
    const pixels = context.createImageData(mask.width, mask.height);
    const colours = new Map(mask.kinds.filter(shown).map((kind) => [kind, rgb(classColor(kind))]));
    mask.classes.forEach((kind, at) => {
      const colour = colours.get(kind);
      if (colour) pixels.data.set([...colour, 130], at * 4);
    });
    context.putImageData(pixels, 0, 0);
  }, [mask, visible]);
  return <canvas ref={ref} class="run-mask" width={mask.width} height={mask.height} aria-hidden="true" />;
}

function rgb(colour: string): [number, number, number] {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) as [number, number, number];
}

/** The class of each pixel. */
interface Mask extends Size {
  classes: Uint8Array;
  /** Those that occur; 0, which is the ground, apart. */
  kinds: number[];
}

interface Overlaid {
  boxes: { set: string; boxes: Box[] }[];
  masks: { set: string; mask: Mask }[];
}

const NONE: Overlaid = { boxes: [], masks: [] };

/** What is drawn over a picture, once its size is known. What cannot be read is left out. */
function useOverlays(piece: Piece, source: Source, size: Size | null): Overlaid {
  const [known, setKnown] = useState(NONE);
  const key = JSON.stringify([piece.boxes, piece.masks, size]);
  useEffect(() => {
    if (!size) return;
    const abort = new AbortController();
    const asked = async <T,>(set: string, path: string, read: (answer: Response) => Promise<T>) => {
      return [set, await read(await ask("GET", source.file(path), undefined, abort.signal))] as const;
    };
    const good = <T,>(all: PromiseSettledResult<T>[]) => all.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const load = async () => {
      const sets = Object.entries(piece.boxes).map(([set, path]) => asked(set, path, async (answer) => boxes(await answer.json(), size)));
      const masks = Object.entries(piece.masks).map(([set, path]) => asked(set, path, async (answer) => readMask(await answer.blob())));
      const [drawn, covered] = [good(await Promise.allSettled(sets)), good(await Promise.allSettled(masks))];
      if (abort.signal.aborted) return;
      setKnown({ boxes: drawn.map(([set, all]) => ({ set, boxes: all })), masks: covered.map(([set, mask]) => ({ set, mask })) });
    };
    void load();
    return () => abort.abort();
  }, [key]);
  return size ? known : NONE;
}

async function readMask(file: Blob): Promise<Mask> {
  const bitmap = await createImageBitmap(file, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  const classes = Uint8Array.from({ length: width * height }, (_, at) => pixels[at * 4]!);
  return { width, height, classes, kinds: [...new Set(classes)].filter((kind) => kind !== 0).sort((a, b) => a - b) };
}

function layersOf({ boxes: sets, masks }: Overlaid, names: ClassNames | undefined): Layer[] {
  const layers = new Map<string, Layer>();
  for (const { set, boxes: all } of sets) {
    for (const { kind, label } of all) layers.set(`${set} ${kind}`, layers.get(`${set} ${kind}`) ?? { set, kind, label });
  }
  for (const { set, mask } of masks) {
    for (const kind of mask.kinds) layers.set(`${set} ${kind}`, { set, kind, label: names?.(set, kind) ?? `class ${kind}` });
  }
  return [...layers.values()];
}
