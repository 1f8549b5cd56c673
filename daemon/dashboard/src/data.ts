/**
 * Data that a page shows: loaded, failed or here, and loaded again when the
 * server says that something changed.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { ApiError } from "./api";

export interface Loaded<T> {
  /** The last good answer, also while a newer one is loading. */
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
  again: () => void;
}

/** Loads by `load` whenever one of `deps` changes, and when `again` is called. */
export function useData<T>(load: (signal: AbortSignal) => Promise<T>, deps: unknown[]): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, "again">>({ data: undefined, error: undefined, loading: true });
  const [count, setCount] = useState(0);
  const key = JSON.stringify(deps);
  const shown = useRef(key);
  useEffect(() => {
    const abort = new AbortController();
    const other = shown.current !== key;
    shown.current = key;
    setState((was) => ({ data: other ? undefined : was.data, error: undefined, loading: true }));
    load(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ data, error: undefined, loading: false }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const said = error instanceof ApiError ? error : new ApiError(0, String(error));
        setState((was) => ({ data: was.data, error: said, loading: false }));
      },
    );
    return () => abort.abort();
  }, [key, count]);
  const again = useCallback(() => setCount((was) => was + 1), []);
  return { ...state, again };
}
