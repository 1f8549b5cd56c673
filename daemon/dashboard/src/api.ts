/**
 * Asking the server: the one place that knows the token and the form of errors.
 * Knows no page.
 */
import type { ErrorBody, Session, SignIn } from "./api.gen";

export type * from "./api.gen";

/** A refusal or failure, in words for people. */
export class ApiError extends Error {
  constructor(
    /** HTTP's status; 0 where nobody answered. */
    readonly status: number,
    message: string,
    /** What to do next. */
    readonly hint?: string,
  ) {
    super(message);
  }
}

const KEY = "pannier.session";

/** Told when the server no longer knows us. */
export const signedOut = new EventTarget();

export function token(): string | null {
  return localStorage.getItem(KEY);
}

export function signOut(): void {
  localStorage.removeItem(KEY);
  signedOut.dispatchEvent(new Event("out"));
}

/** Begins a session, which lasts in this browser. */
export async function signIn(by: SignIn): Promise<Session> {
  const session = await send<Session>("POST", "/v1/session", by);
  localStorage.setItem(KEY, session.token);
  return session;
}

type Query = Record<string, string | number | boolean | null | undefined>;

/** A path whose parts are escaped: `` path`/v1/runs/${entity}/${project}` ``. */
export function path(strings: TemplateStringsArray, ...parts: (string | number)[]): string {
  return strings.reduce((all, text, at) => all + text + (at < parts.length ? escaped(parts[at]!) : ""), "");
}

/** Slashes stay: they are those of a file's path. */
function escaped(part: string | number): string {
  return encodeURIComponent(String(part)).replaceAll("%2F", "/");
}

export function withQuery(to: string, query: Query): string {
  const said = Object.entries(query).filter(([, value]) => value != null && value !== "");
  const search = new URLSearchParams(said.map(([key, value]) => [key, String(value)])).toString();
  return search ? `${to}?${search}` : to;
}

/** The bare answer, for streams and bytes. Throws `ApiError`. */
export async function ask(method: string, to: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = {};
  const known = token();
  if (known) headers["authorization"] = `Bearer ${known}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer: Response;
  try {
    const text = body === undefined ? undefined : JSON.stringify(body);
    answer = await fetch(to, { method, headers, ...(text && { body: text }), ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "the daemon does not answer", "is it running? `pannier status` says so; this page tries again");
  }
  if (answer.ok) return answer;
  if (answer.status === 401 && known) signOut();
  throw await refusal(answer);
}

async function refusal(answer: Response): Promise<ApiError> {
  const said = (await answer.json().catch(() => null)) as Partial<ErrorBody> | null;
  return new ApiError(answer.status, said?.error ?? `the daemon answered ${answer.status}`, said?.hint ?? undefined);
}

async function send<T>(method: string, to: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const answer = await ask(method, to, body, signal);
  return answer.status === 204 ? (undefined as T) : ((await answer.json()) as T);
}

export function get<T>(to: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return send<T>("GET", withQuery(to, query), undefined, signal);
}

export function post<T>(to: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
  return send<T>("POST", to, body, signal);
}

export function put<T>(to: string, body: unknown): Promise<T> {
  return send<T>("PUT", to, body);
}

export function patch<T>(to: string, body: unknown): Promise<T> {
  return send<T>("PATCH", to, body);
}

export function remove<T>(to: string): Promise<T> {
  return send<T>("DELETE", to);
}

/** Bytes as a URL that images, audio and downloads can use; revoke it when done. */
export async function objectUrl(to: string, signal?: AbortSignal): Promise<string> {
  return URL.createObjectURL(await (await ask("GET", to, undefined, signal)).blob());
}

/** Asks W&B's GraphQL, for what the native routes do not say. */
export async function graphql<T>(query: string, variables: Record<string, unknown>): Promise<T> {
  const answer = await post<{ data?: T; errors?: { message: string }[] }>("/graphql", { query, variables });
  const error = answer.errors?.[0];
  if (error) throw new ApiError(200, error.message);
  return answer.data as T;
}
