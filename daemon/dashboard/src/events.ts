/**
 * What the server says has changed, over one stream of events for each project
 * that is looked at. A lost stream is taken up again, slower each time.
 */
import { useEffect } from "preact/hooks";

import { ApiError, ask, withQuery, type Changed } from "./api";

type Listener = (changed: Changed) => void;

/** Everything may have changed: said after a gap in the stream. */
const ALL: Changed = { runs: ["*"], artifacts: true, views: true, sync: true };

const REFUSED = new Set([400, 403, 404, 422]);

class Stream {
  readonly listeners = new Set<Listener>();
  private readonly abort = new AbortController();

  constructor(private readonly url: string) {
    void this.keep();
  }

  close(): void {
    this.abort.abort();
  }

  private tell(changed: Changed): void {
    for (const listener of this.listeners) listener(changed);
  }

  private async keep(): Promise<void> {
    let wait = 500;
    while (!this.abort.signal.aborted) {
      try {
        const answer = await ask("GET", this.url, undefined, this.abort.signal);
        wait = 500;
        await this.read(answer.body!.pipeThrough(new TextDecoderStream()).getReader());
      } catch (error) {
        // Refused for good: asking again would change nothing.
        if (error instanceof ApiError && REFUSED.has(error.status)) return;
        wait = Math.min(wait * 2, 30_000);
      }
      await new Promise((done) => setTimeout(done, wait));
      if (!this.abort.signal.aborted) this.tell(ALL);
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
