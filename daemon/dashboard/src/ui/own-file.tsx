/** Files of runs and artifacts as sources of images, sound and films: they are asked for with the token. */
import { useEffect, useState } from "preact/hooks";

import { objectUrl, type ApiError } from "../api";

/**
 * A file as a URL that lasts as long as the component. While another is coming the
 * one before is still shown. `null` path: nothing is asked.
 */
export function useObjectUrl(path: string | null): { url: string | undefined; error: ApiError | undefined } {
  const [state, setState] = useState<{ url?: string; error?: ApiError }>({});
  useEffect(() => {
    if (path === null) return setState({});
    const abort = new AbortController();
    objectUrl(path, abort.signal).then(
      (url) => (abort.signal.aborted ? URL.revokeObjectURL(url) : setState({ url })),
      (error: ApiError) => !abort.signal.aborted && setState({ error }),
    );
    return () => abort.abort();
  }, [path]);
  const { url } = state;
  useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url]);
  return { url, error: state.error };
}

/** An image that is a file of ours. */
export function OwnImage(props: { path: string; alt: string; class?: string; title?: string }) {
  const { url, error } = useObjectUrl(props.path);
  if (error) return <span class="dim">{`${props.alt || "image"}: ${error.message}`}</span>;
  if (!url) return <span class="dim" role="status">Loading {props.alt || "image"}…</span>;
  return <img src={url} alt={props.alt} class={props.class} title={props.title} />;
}
