/** A button that opens a small panel of choices beside it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export function Menu(props: {
  label: ComponentChildren;
  title?: string;
  class?: string;
  children: (close: () => void) => ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => !ref.current?.contains(event.target as Node) && setOpen(false);
    const escape = (event: KeyboardEvent) => event.key === "Escape" && setOpen(false);
    addEventListener("pointerdown", outside);
    addEventListener("keydown", escape);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("keydown", escape);
    };
  }, [open]);
  return (
    <div class="menu" ref={ref}>
      <button class={props.class} title={props.title} aria-haspopup="true" aria-expanded={open} onClick={() => setOpen(!open)}>
        {props.label}
      </button>
      {open && <div class="menu-panel">{props.children(() => setOpen(false))}</div>}
    </div>
  );
}
