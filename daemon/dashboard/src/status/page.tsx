/** The whole state of the machine: what is here, what is at each remote, and what is wrong. */
import { useEffect } from "preact/hooks";

import { get, type Disk, type Problem, type Status } from "../api";
import { useLive } from "../live";
import { When } from "../artifacts/parts";
import { useData } from "../data";
import { bytes, count, duration } from "../ui/format";
import { Empty, Shown } from "../ui/state";
import { useTitle } from "../ui/title";
import { Words } from "../ui/words";
import { Remotes } from "./remotes";
import { Runs } from "./runs";
import { others, verdict } from "./state";
import "./status.css";

/** What no event tells, such as how long it is up, is asked this seldom. */
const SELDOM_MS = 5000;

export default function Page() {
  useTitle("Status");
  const loaded = useData((abort) => get<Status>("/v1/status", {}, abort), []);
  const { again } = loaded;
  useLive({}, () => true, again);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), SELDOM_MS);
    return () => clearInterval(timer);
  }, [again]);
  if (loaded.error?.status === 403 && !loaded.data) {
    return (
      <section class="page">
        <h1>Status</h1>
        <Empty title="Only administrators see the state of this hub">
          <p>How far your own runs are is on their pages, and on each of your machines by <code>pannier status</code>.</p>
        </Empty>
      </section>
    );
  }
  return (
    <section class="page">
      <h1>Status</h1>
      <Shown of={loaded} what="the state of this machine">
        {(status) => <Whole status={status} again={again} />}
      </Shown>
    </section>
  );
}

function Whole({ status, again }: { status: Status; again: () => void }) {
  const { mood, said } = verdict(status);
  const problems = others(status.problems, status.remotes);
  return (
    <>
      <p class={`status-verdict status-${mood}`} role="status">
        {said}
      </p>
      {problems.length > 0 && <Problems problems={problems} />}
      <div class="status-parts">
        <Daemon status={status} />
        <DiskPart disk={status.disk} />
      </div>
      <Remotes remotes={status.remotes} runs={status.runs} again={again} />
      <Runs status={status} again={again} />
    </>
  );
}

function Daemon({ status }: { status: Status }) {
  const facts: [string, string][] = [
    ["Version", status.version],
    ["Home", status.home],
    ["Up", `${duration(status.uptime_s)}, process ${status.pid}`],
    ["Writers", status.writers === 0 ? "none" : count(status.writers, "journal is being written", "journals are being written")],
    ["Spool", status.spool_bytes === 0 ? "nothing waits to be taken in" : `${bytes(status.spool_bytes)} wait to be taken in`],
    ["Storing", status.storing === 0 ? "nothing" : count(status.storing, "artifact or file", "artifacts and files")],
  ];
  return <Facts title="Daemon" facts={facts} />;
}

function DiskPart({ disk }: { disk: Disk }) {
  const facts: [string, string][] = [
    ["Home", bytes(disk.home_bytes)],
    ["Files", `${bytes(disk.blob_bytes)} of it were logged as files or fetched`],
    ["Free", `${bytes(disk.free_bytes)} on its disk`],
    ["Budget", budget(disk)],
  ];
  return <Facts title="Disk" facts={facts} />;
}

function budget({ budget_bytes: max, blob_bytes: is }: Disk): string {
  if (max === null) {
    return "none for files: `pannier gc --budget SIZE` sets one";
  }
  return is <= max ? `${bytes(max)} for files` : `${bytes(max)} for files, which is exceeded: what no remote has does not give way`;
}

function Facts({ title, facts }: { title: string; facts: [string, string][] }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <dl class="status-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Words text={value} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Problems({ problems }: { problems: Problem[] }) {
  return (
    <section aria-label="Problems">
      <h2>Problems</h2>
      {problems.map((problem) => (
        <div key={problem.object + problem.what} class="failure">
          <p>
            <strong>{problem.object}</strong>: {problem.what}
          </p>
          {problem.hint && (
            <p>
              <Words text={problem.hint} />
            </p>
          )}
          <p class="dim">
            Last seen <When us={problem.time_us} />
            {problem.count > 1 && `, ${problem.count} times in all`}
          </p>
        </div>
      ))}
    </section>
  );
}
