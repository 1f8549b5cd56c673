/** A dialog over the page: the browser's own, which keeps the focus and closes by Esc. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function Dialog(props: { title: string; onClose: () => void; wide?: boolean; children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    // jsdom has no showModal.
    if (dialog && !dialog.open) dialog.showModal ? dialog.showModal() : dialog.setAttribute("open", "");
  }, []);
  return (
    <dialog
      ref={ref}
      class={props.wide ? "dialog wide" : "dialog"}
      aria-label={props.title}
      onClose={props.onClose}
      onClick={(event) => event.target === ref.current && props.onClose()}
    >
      <header>
        <h2>{props.title}</h2>
        <button class="quiet" aria-label="Close" onClick={props.onClose}>
          ✕
        </button>
      </header>
      <div class="dialog-body">{props.children}</div>
    </dialog>
  );
}
