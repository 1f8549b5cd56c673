/**
 * What the server says has changed, over one stream of events for each project
 * that is looked at. A lost stream is taken up again, slower each time. A page that
 * nobody sees has none: a browser has few connections to a server for all tabs.
 */
import { useEffect } from "preact/hooks";

import { ApiError, ask, withQuery, type Changed } from "./api";

type Listener = (changed: Changed) => void;

/** Everything may have changed: said after a gap in the stream. */
const ALL: Changed = { runs: ["*"], artifacts: true, views: true, sync: true };

const REFUSED = new Set([400, 403, 404, 422]);

const FIRST_MS = 500;

async function untilShown(): Promise<void> {
  while (document.hidden) {
    await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
  }
}

class Stream {
  readonly listeners = new Set<Listener>();
  private readonly ended = new AbortController();
  private asking = new AbortController();

  constructor(private readonly url: string) {
    const look = () => document.hidden && this.asking.abort();
    document.addEventListener("visibilitychange", look, { signal: this.ended.signal });
    void this.keep();
  }

  close(): void {
    this.ended.abort();
    this.asking.abort();
  }

  private tell(changed: Changed): void {
    for (const listener of this.listeners) listener(changed);
  }

  private async keep(): Promise<void> {
    let wait = FIRST_MS;
    await untilShown();
    while (!this.ended.signal.aborted) {
      const { signal } = (this.asking = new AbortController());
      try {
        const answer = await ask("GET", this.url, undefined, signal);
        wait = FIRST_MS;
        await this.read(answer.body!.pipeThrough(new TextDecoderStream()).getReader());
      } catch (error) {
        // Refused for good: asking again would change nothing.
        if (error instanceof ApiError && REFUSED.has(error.status)) return;
        wait = Math.min(wait * 2, 30_000);
      }
      if (!signal.aborted) await new Promise((done) => setTimeout(done, wait));
      await untilShown();
      if (!this.ended.signal.aborted) this.tell(ALL);
    }
  }

  private async read(reader: ReadableStreamDefaultReader<string>): Promise<void> {
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const messages = text.split("\n\n");
      text = messages.pop() ?? "";
      for (const message of messages) {
        const data = message.split("\n").filter((line) => line.startsWith("data:"));
        if (data.length > 0) this.tell(JSON.parse(data.map((line) => line.slice(5)).join("\n")) as Changed);
      }
    }
  }
}

const streams = new Map<string, Stream>();

/** Calls `listen` for each change of a project (of everything, without one), while `when` holds. */
export function useChanges(of: { entity?: string; project?: string }, listen: Listener, when = true): void {
  useEffect(() => {
    if (!when) return;
    const url = withQuery("/v1/events", of);
    const stream = streams.get(url) ?? new Stream(url);
    streams.set(url, stream);
    stream.listeners.add(listen);
    return () => {
      stream.listeners.delete(listen);
      if (stream.listeners.size > 0) return;
      stream.close();
      streams.delete(url);
    };
  }, [of.entity, of.project, listen, when]);
}
