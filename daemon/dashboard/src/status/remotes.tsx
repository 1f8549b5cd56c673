/** The remotes: what each has and lacks, and what is wrong with it. */
import { useEffect, useState } from "preact/hooks";

import type { RemoteStatus, RunStatus } from "../api";
import { When } from "../artifacts/parts";
import { retry } from "../run/sync";
import { bytes, count, duration } from "../ui/format";
import { Words } from "../ui/words";
import { stateOf } from "./state";

export function Remotes({ remotes, runs, again }: { remotes: RemoteStatus[]; runs: RunStatus[]; again: () => void }) {
  return (
    <section aria-label="Remotes">
      <h2>Remotes</h2>
      {remotes.length === 0 ? (
        <p class="dim">
          None: all of it stays here. <code>pannier remote add NAME URL --token-file FILE</code> sets one up.
        </p>
      ) : (
        <div class="status-remotes">
          {remotes.map((remote) => (
            <Remote key={remote.name} remote={remote} runs={runs} again={again} />
          ))}
        </div>
      )}
    </section>
  );
}

function Remote({ remote, runs, again }: { remote: RemoteStatus; runs: RunStatus[]; again: () => void }) {
  const state = stateOf(remote, runs);
  return (
    <article class="status-remote" aria-label={`Remote ${remote.name}`}>
      <header>
        <strong>{remote.name}</strong>
        <span class={`badge status-${state.mood}`}>{state.said}</span>
        <button onClick={() => void retry(remote.name, again)} aria-label={`Retry ${remote.name} now`}>
          Retry now
        </button>
      </header>
      <p class="dim mono">{remote.url}</p>
      <p>
        {remote.records_queued === 0 ? (
          "It has everything."
        ) : (
          <>
            It lacks <strong>{count(remote.records_queued, "record")}</strong>, {bytes(remote.bytes_queued)}.
          </>
        )}{" "}
        <span class="dim">{count(remote.records_sent, "record")} sent so far.</span>
      </p>
      <p class="dim">
        {remote.last_contact_us === null ? (
          "It has never answered."
        ) : (
          <>
            Last answer <When us={remote.last_contact_us} />
          </>
        )}
      </p>
      {remote.last_error && (
        <p class="status-why">
          <Words text={remote.last_error} />
          {remote.retry_in_s !== null && <Countdown key={remote.retry_in_s} seconds={remote.retry_in_s} />}
        </p>
      )}
      {remote.state === "unauthorized" && (
        <p>
          Give it a valid token: <code>pannier remote add {remote.name} {remote.url} --token-file FILE</code>
        </p>
      )}
    </article>
  );
}

function Countdown({ seconds }: { seconds: number }) {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => setLeft((was) => Math.max(0, was - 1)), 1000);
    return () => clearInterval(timer);
  }, []);
  return <span class="dim"> Next try {left === 0 ? "now" : `in ${duration(left)}`}.</span>;
}
