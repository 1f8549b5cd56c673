/** A component that is loaded when it is first shown. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Loading } from "./state";

/** Stands for a component of a module that is loaded later. */
export function lazyPart<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let known: ComponentType<P> | undefined;
  return function LazyPart(props: P) {
    const [, again] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (known) return;
      load().then(
        (module) => {
          known = module;
          again((was) => was + 1);
        },
        () => setFailed(true),
      );
    }, []);
    if (failed) return <p class="dim">This could not be loaded; load the page again.</p>;
    if (!known) return <Loading what="this part" />;
    const Shown = known;
    return <Shown {...props} />;
  };
}
