/** What is shown only while it is in sight, or nearly: charts ask and draw nothing otherwise. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Keeps `height` pixels for its children, and shows them from a little before they come in sight. */
export function InSight(props: { height: number; class?: string; children: () => ComponentChildren }) {
  const ref = useRef<HTMLDivElement>(null);
  // Where the browser cannot tell (jsdom), everything counts as in sight.
  const [seen, setSeen] = useState(typeof IntersectionObserver === "undefined");
  useEffect(() => {
    if (typeof IntersectionObserver === "undefined") return;
    const watch = new IntersectionObserver((entries) => setSeen(entries.at(-1)!.isIntersecting), { rootMargin: "250px" });
    watch.observe(ref.current!);
    return () => watch.disconnect();
  }, []);
  return (
    <div ref={ref} class={props.class} style={{ minHeight: `${props.height}px` }}>
      {seen && props.children()}
    </div>
  );
}
