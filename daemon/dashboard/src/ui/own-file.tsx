/** Files of runs and artifacts as sources of images, sound and films: they are asked for with the token. */
import { useEffect, useState } from "preact/hooks";

import { objectUrl, type ApiError } from "../api";

/** A file as a URL that lasts as long as the component. `null` path: nothing is asked. */
export function useObjectUrl(path: string | null): { url: string | undefined; error: ApiError | undefined } {
  const [state, setState] = useState<{ path: string | null; url?: string; error?: ApiError }>({ path });
  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    let made: string | undefined;
    objectUrl(path, abort.signal).then(
      (url) => {
        made = url;
        if (abort.signal.aborted) URL.revokeObjectURL(url);
        else setState({ path, url });
      },
      (error: ApiError) => !abort.signal.aborted && setState({ path, error }),
    );
    return () => {
      abort.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [path]);
  const current = state.path === path ? state : undefined;
  return { url: current?.url, error: current?.error };
}

/** An image that is a file of ours. */
export function OwnImage(props: { path: string; alt: string; class?: string; title?: string }) {
  const { url, error } = useObjectUrl(props.path);
  if (error) return <span class="dim">{`${props.alt || "image"}: ${error.message}`}</span>;
  if (!url) return <span class="dim" role="status">Loading {props.alt || "image"}…</span>;
  return <img src={url} alt={props.alt} class={props.class} title={props.title} />;
}
