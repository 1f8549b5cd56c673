/** Short messages about what was done, at the page's edge. */
import { signal } from "@preact/signals";

interface Said {
  id: number;
  text: string;
  bad: boolean;
}

const said = signal<Said[]>([]);
let next = 0;

/** Says what was done, or why it was not. */
export function say(text: string, bad = false): void {
  const id = next++;
  said.value = [...said.value, { id, text, bad }];
  setTimeout(() => (said.value = said.value.filter((one) => one.id !== id)), bad ? 10_000 : 4000);
}

/** Does something that the server may refuse, and says so if it does: whether it was done. */
export async function tried(what: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await what();
    if (done) say(done);
    return true;
  } catch (error) {
    const hint = (error as { hint?: string }).hint;
    say(`${(error as Error).message}${hint ? ` – ${hint}` : ""}`, true);
    return false;
  }
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {said.value.map((one) => (
        <p key={one.id} class={one.bad ? "bad" : ""}>
          {one.text}
        </p>
      ))}
    </div>
  );
}
