/** The forms in which blocks are edited. What is typed is taken over when its field is left. */
import { useEffect, useRef, useState } from "preact/hooks";

import { say } from "../ui/toast";
import { plainText, type Block } from "./blocks";
import { codeBlock, edited, isText } from "./from-markdown";
import { toMarkdown } from "./to-markdown";

export interface FormProps {
  block: Block;
  onReplace: (blocks: Block[]) => void;
  onClose: () => void;
}

const SOURCES = new Set(["markdown-block", "latex", "code-block"]);

/** Whether there is a form for a block. */
export function editable(block: Block): boolean {
  return isText(block) || SOURCES.has(block.type ?? "") || block.type === "image" || block.type === "video";
}

export function Form(props: FormProps) {
  if (props.block.type === "image") return <ImageForm {...props} />;
  if (props.block.type === "video") return <AddressForm {...props} />;
  return <TextForm {...props} />;
}

const HINTS: Record<string, string> = {
  "latex": "LaTeX",
  "code-block": "Code",
  "markdown-block": "Markdown",
};

/** What a text makes of a block. */
function applied(block: Block, text: string): Block[] {
  if (isText(block)) return edited(block, text);
  if (block.type === "code-block") return [{ ...block, ...codeBlock(text, block.language ?? null) }];
  return [{ ...block, content: text }];
}

function TextForm({ block, onReplace, onClose }: FormProps) {
  const [text, setText] = useState(() => toMarkdown(block));
  const taken = useRef(text);
  const ref = useRef<HTMLTextAreaElement>(null);
  useEffect(() => ref.current?.focus(), []);
  const take = () => {
    if (text === taken.current) return;
    taken.current = text;
    const blocks = applied(block, text);
    // Emptied, it stays as an empty block until somebody takes it out.
    onReplace(blocks.length > 0 ? blocks : [{ type: "paragraph", children: [{ text: "" }] }]);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      taken.current = text;
      onClose();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      take();
      onClose();
    }
  };
  const kind = HINTS[block.type ?? ""] ?? "Markdown";
  return (
    <div class="reports-form">
      <textarea
        ref={ref}
        class={block.type === "code-block" || block.type === "latex" ? "mono" : ""}
        aria-label={kind}
        rows={Math.min(24, Math.max(3, text.split("\n").length + 1))}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onBlur={take}
        onKeyDown={press}
      />
      <div class="reports-buttons">
        <button class="main" onClick={() => (take(), onClose())}>Done</button>
        {block.type === "code-block" && <LanguageField block={block} text={text} onReplace={onReplace} />}
        {isText(block) && <span class="dim">Markdown: **bold**, *italic*, `code`, [link](https://…), $formula$, - list, # heading</span>}
      </div>
    </div>
  );
}

const LANGUAGES = ["python", "json", "yaml", "bash", "javascript", "html", "css", "markdown"];

function LanguageField({ block, text, onReplace }: { block: Block; text: string; onReplace: (blocks: Block[]) => void }) {
  return (
    <label>
      Language{" "}
      <select value={block.language ?? ""} onChange={(event) => onReplace([{ ...block, ...codeBlock(text, event.currentTarget.value) }])}>
        <option value="">none</option>
        {LANGUAGES.map((name) => <option key={name}>{name}</option>)}
      </select>
    </label>
  );
}

/** An image in a report is part of its text: so much at most. */
const IMAGE_MOST = 2_000_000;

function ImageForm({ block, onReplace, onClose }: FormProps) {
  const caption = plainText(block.children);
  const change = (more: Partial<Block>) => onReplace([{ ...block, ...more }]);
  const read = (file: File | undefined) => {
    if (!file) return;
    if (file.size > IMAGE_MOST) return say(`${file.name} is larger than 2 MB: log it as an artifact, and link to it`, true);
    const reader = new FileReader();
    reader.onload = () => change({ url: String(reader.result) });
    reader.readAsDataURL(file);
  };
  const own = (block.url ?? "").startsWith("data:");
  return (
    <div class="reports-form grid">
      <label>
        File
        <input type="file" accept="image/*" onChange={(event) => read(event.currentTarget.files?.[0])} />
      </label>
      <label>
        Address
        <input value={own ? "" : (block.url ?? "")} placeholder={own ? "the file above is in the report" : "https://…"} onChange={(event) => change({ url: event.currentTarget.value.trim() })} />
      </label>
      <label>
        Caption
        <input value={caption} onChange={(event) => change({ children: [{ text: event.currentTarget.value }], hasCaption: event.currentTarget.value !== "" })} />
      </label>
      <div class="reports-buttons"><button class="main" onClick={onClose}>Done</button></div>
    </div>
  );
}

function AddressForm({ block, onReplace, onClose }: FormProps) {
  return (
    <div class="reports-form grid">
      <label>
        Address
        <input value={block.url ?? ""} onChange={(event) => onReplace([{ ...block, url: event.currentTarget.value.trim() }])} />
      </label>
      <div class="reports-buttons"><button class="main" onClick={onClose}>Done</button></div>
    </div>
  );
}
