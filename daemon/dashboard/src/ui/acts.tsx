/** The buttons at the end of a dialog's form: what it does, and the way out. */
import type { ComponentChildren } from "preact";

export function Acts(props: { class: string; disabled: boolean; onCancel: () => void; children: ComponentChildren }) {
  return (
    <div class="acts">
      <button class={props.class} disabled={props.disabled}>
        {props.children}
      </button>
      <button type="button" onClick={props.onCancel}>
        Cancel
      </button>
    </div>
  );
}
