/** What a page shows while it has nothing else to show. */
import type { ComponentChildren } from "preact";

import type { ApiError } from "../api";
import type { Loaded } from "../data";
import { Words } from "./words";

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      Loading {what}…
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Failure({ error, again }: { error: ApiError; again?: () => void }) {
  return (
    <div class="failure" role="alert">
      <p>
        <strong>{error.message}</strong>
      </p>
      {error.hint && <p><Words text={error.hint} /></p>}
      {again && <button onClick={again}>Try again</button>}
    </div>
  );
}

/** Shows what was loaded; else why it is not there. */
export function Shown<T>(props: { of: Loaded<T>; what: string; children: (data: T) => ComponentChildren }) {
  const { data, error, again } = props.of;
  if (data !== undefined) {
    return (
      <>
        {error && <Failure error={error} again={again} />}
        {props.children(data)}
      </>
    );
  }
  return error ? <Failure error={error} again={again} /> : <Loading what={props.what} />;
}
