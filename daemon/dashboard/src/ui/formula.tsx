/** LaTeX, set by KaTeX, which is loaded with the first formula. Trusts no command that could reach out of the formula. */
import { signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useEffect, useLayoutEffect, useRef } from "preact/hooks";

type Katex = typeof import("katex").default;

const katex = signal<Katex | null>(null);

/** Loads KaTeX, for those who cannot wait for a formula to do it. */
export async function loadFormulas(): Promise<void> {
  const [module] = await Promise.all([import("katex"), import("katex/dist/katex.min.css")]);
  katex.value = module.default;
}

/** Whether formulas are MathML alone, which needs neither fonts nor styles: in files. */
export const BareFormulas = createContext(false);

/** A formula; its source, while KaTeX is not there. `display`: on a line of its own. */
export function Formula({ tex, display = false }: { tex: string; display?: boolean }) {
  const bare = useContext(BareFormulas);
  const ref = useRef<HTMLSpanElement>(null);
  const known = katex.value;
  useEffect(() => {
    if (!known) void loadFormulas().catch(() => undefined);
  }, [known]);
  useLayoutEffect(() => {
    if (!known || !ref.current) return;
    const output = bare ? "mathml" : "htmlAndMathml";
    known.render(tex, ref.current, { displayMode: display, output, throwOnError: false, trust: false, strict: "ignore", maxSize: 40, maxExpand: 500 });
  }, [known, tex, display, bare]);
  if (!known) return <code>{tex}</code>;
  return <span ref={ref} class={display ? "formula display" : "formula"} />;
}
