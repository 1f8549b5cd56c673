/** A block of a report that is edited: shown as it will be read, or as its form. */
import { useEffect, useMemo, useRef } from "preact/hooks";

import { GridEditor } from "../panels/grid-editor";
import type { GridSpec } from "../panels/spec";
import { Menu } from "../ui/menu";
import { BlockView } from "./block";
import { blockName, isEmpty, type Block } from "./blocks";
import type { Piece } from "./doc";
import { useEnv } from "./env";
import { editable, Form } from "./forms";
import { NEW } from "./new-blocks";

interface RowProps {
  piece: Piece;
  /** From 1. */
  number: number;
  last: boolean;
  open: boolean;
  onOpen: (open: boolean) => void;
  /** Other blocks in its place; none takes it out. */
  onReplace: (blocks: Block[], about?: string) => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
  onAdd: (block: Block) => void;
}

export function Row(props: RowProps) {
  const { piece, number, open } = props;
  const { block } = piece;
  const name = `${blockName(block)} ${number}`;
  const ref = useRef<HTMLElement>(null);
  const press = (event: KeyboardEvent) => {
    if (event.target !== ref.current) return;
    if (event.altKey && event.key === "ArrowUp") props.onMove(-1);
    else if (event.altKey && event.key === "ArrowDown") props.onMove(1);
    else if (event.key === "Enter" && editable(block)) props.onOpen(true);
    else if (event.key === "Delete") props.onRemove();
    else return;
    event.preventDefault();
  };
  return (
    <>
      <section ref={ref} class={open ? "reports-row open" : "reports-row"} aria-label={name} tabIndex={0} onKeyDown={press}>
        <Tools {...props} name={name} />
        <Content {...props} onClose={() => (props.onOpen(false), ref.current?.focus())} />
      </section>
      <AddBlock at={`after ${name}`} onAdd={props.onAdd} />
    </>
  );
}

function Tools(props: RowProps & { name: string }) {
  const { name, piece, open } = props;
  return (
    <div class="reports-tools">
      <span class="dim">{blockName(piece.block)}</span>
      {editable(piece.block) && !open && <button class="quiet" aria-label={`Edit ${name}`} onClick={() => props.onOpen(true)}>Edit</button>}
      <button class="quiet" aria-label={`Move ${name} up`} title="Alt+Up" disabled={props.number === 1} onClick={() => props.onMove(-1)}>↑</button>
      <button class="quiet" aria-label={`Move ${name} down`} title="Alt+Down" disabled={props.last} onClick={() => props.onMove(1)}>↓</button>
      <button class="quiet" aria-label={`Remove ${name}`} title="Delete" onClick={props.onRemove}>✕</button>
    </div>
  );
}

function Content(props: RowProps & { onClose: () => void }) {
  const { piece, open } = props;
  const { block } = piece;
  const { entity, project } = useEnv();
  // Drawn anew only where the block itself changed: typing elsewhere redraws no panels.
  const shown = useMemo(() => {
    if (block.type !== "panel-grid") return isEmpty(block) ? <p class="dim">Empty text</p> : <BlockView block={block} />;
    const change = (metadata: GridSpec, about?: string) => props.onReplace([{ ...block, metadata }], about && `${piece.key} ${about}`);
    return <GridEditor grid={block.metadata ?? {}} entity={entity} project={project} onChange={change} />;
  }, [block, piece.key, entity, project]);
  if (block.type === "panel-grid") return shown;
  if (open) return <Form block={block} onReplace={props.onReplace} onClose={props.onClose} />;
  return (
    <div class="reports-preview" onDblClick={() => editable(block) && props.onOpen(true)}>
      {shown}
    </div>
  );
}

/** A menu of blocks, at a place between two others. */
export function AddBlock({ at, onAdd }: { at: string; onAdd: (block: Block) => void }) {
  return (
    <div class="reports-add">
      <Menu class="quiet" title={`Add a block ${at}`} label={<span aria-label={`Add a block ${at}`}>+ Add</span>}>
        {(close) => <Choices onAdd={(block) => (close(), onAdd(block))} />}
      </Menu>
    </div>
  );
}

function Choices({ onAdd }: { onAdd: (block: Block) => void }) {
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => ref.current?.focus(), []);
  return (
    <>
      {NEW.map(([name, make], at) => (
        <button key={name} ref={at === 0 ? ref : undefined} onClick={() => onAdd(make())}>
          {name}
        </button>
      ))}
    </>
  );
}
