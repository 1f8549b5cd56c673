import { render } from "preact";
import { act } from "preact/test-utils";
import { expect, test, vi } from "vitest";

import type { Changed } from "./api";
import { useChanges } from "./events";

function look(hidden: boolean) {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

test("a page that nobody sees has no stream, and looks at everything once it is seen", async () => {
  const asked: AbortSignal[] = [];
  let say: ReadableStreamDefaultController<Uint8Array>;
  vi.stubGlobal("fetch", (_: string, { signal }: { signal: AbortSignal }) => {
    asked.push(signal);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        say = controller;
        signal.addEventListener("abort", () => controller.error(new Error("aborted")));
      },
    });
    return Promise.resolve(new Response(body));
  });
  const heard: Changed[] = [];
  const listen = (changed: Changed) => void heard.push(changed);
  function Page() {
    useChanges({ entity: "e", project: "p" }, listen);
    return null;
  }
  const root = document.createElement("div");
  await act(() => render(<Page />, root));
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  const changed = { runs: ["r"], artifacts: false, views: false, sync: false };
  say!.enqueue(new TextEncoder().encode(`: listening\n\ndata: ${JSON.stringify(changed)}\n\n`));
  await vi.waitFor(() => expect(heard).toEqual([changed]));

  look(true);
  await vi.waitFor(() => expect(asked[0]!.aborted).toBe(true));
  await new Promise((done) => setTimeout(done, 600));
  expect(asked).toHaveLength(1);

  look(false);
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  expect(heard[1]).toMatchObject({ runs: ["*"], artifacts: true, sync: true });

  await act(() => render(null, root));
  expect(asked[1]!.aborted).toBe(true);
  vi.unstubAllGlobals();
});
