import { render } from "preact";
import { expect, it, vi } from "vitest";

import { memo } from "./memo";

it("draws anew only when what it is given changes", () => {
  const drawn = vi.fn(({ text }: { text: string | undefined }) => <p>{text ?? "nothing"}</p>);
  const Memo = memo(drawn);
  const root = document.createElement("div");
  for (const text of [undefined, "a", "a", undefined]) render(<Memo text={text} />, root);
  expect([root.textContent, drawn.mock.calls.length]).toEqual(["nothing", 3]);
});
