/** The first tab of a run: what it is, where it ran, what it was told and what it came to. */
import type { RunItem } from "../api";
import { to } from "../routes";
import { CopyButton } from "../ui/copy";
import { StateBadge } from "../ui/badge";
import { ago, count, duration, number, time } from "../ui/format";
import { EditableNotes, EditableTags, type SaveRun } from "./edit";
import { alertsOf, machineFacts, programFacts, runtime, DIFF, DIRTY, type Fact } from "./facts";
import { SyncList } from "./sync";
import { Tree } from "./tree";

export function Overview({ run, save, again }: { run: RunItem; save: SaveRun | null; again: () => void }) {
  return (
    <div class="run-overview">
      <div class="run-column">
        <Alerts run={run} />
        <EditableNotes notes={run.notes ?? ""} save={save} />
        <Tree title="Summary" value={shown(run.summary)} empty="Nothing yet: run.log writes its last values here." />
        <Tree title="Config" value={shown(run.config)} empty="None: wandb.init(config={…}) sets it." />
      </div>
      <div class="run-column">
        <section aria-label="Run">
          <h2>Run</h2>
          <RunFacts run={run} save={save} />
        </section>
        <section aria-label="Sync">
          <h2>Sync</h2>
          <SyncList sync={run.sync} again={again} />
        </section>
        <Facts title="Machine" facts={machineFacts(run)} />
        <Facts title="Program" facts={programFacts(run).map((fact) => linked(fact, run))} />
        <ReadElsewhere run={run} />
      </div>
    </div>
  );
}

function Alerts({ run }: { run: RunItem }) {
  const alerts = alertsOf(run);
  if (alerts.length === 0) return null;
  return (
    <section aria-label="Alerts">
      <h2>Alerts</h2>
      <ul class="run-alerts">
        {alerts.map((alert, at) => (
          <li key={at} class={`run-alert-${alert.level.toLowerCase()}`}>
            <strong>{alert.title}</strong> <span class="badge">{alert.level.toLowerCase()}</span> <span class="dim">{alert.time_us > 0 && ago(alert.time_us)}</span>
            {alert.text && <p>{alert.text}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The SDK's own part is not the user's. */
function shown<T>(map: { [key in string]: T }): { [key in string]: T } {
  return "_wandb" in map ? Object.fromEntries(Object.entries(map).filter(([key]) => key !== "_wandb")) : map;
}

function RunFacts({ run, save }: { run: RunItem; save: SaveRun | null }) {
  const facts: Fact[] = [
    { name: "Id", value: run.run, code: true },
    { name: "Path", value: `${run.entity}/${run.project}/${run.run}`, code: true },
    { name: "Created", value: time(run.created_us) },
    { name: "Last record", value: time(run.updated_us) },
    { name: "Runtime", value: duration(runtime(run), 3) },
    { name: "Steps", value: run.last_step === null ? "" : `${count(run.history_rows, "row")}, last step ${number(run.last_step)}` },
    { name: "Group", value: run.group ?? "" },
    { name: "Job type", value: run.job_type ?? "" },
    { name: "Log calls not kept", value: run.dropped > 0 ? number(run.dropped) : "" },
  ];
  return (
    <dl class="run-facts">
      <div>
        <dt>State</dt>
        <dd>
          <StateBadge state={run.state} /> {run.exit_code !== null && `exit code ${run.exit_code}`}
        </dd>
      </div>
      <div>
        <dt>Entity</dt>
        <dd>
          <a href={to.entity(run.entity)}>{run.entity}</a>
        </dd>
      </div>
      <div>
        <dt>Tags</dt>
        <dd>
          <EditableTags tags={run.tags ?? []} save={save} />
        </dd>
      </div>
      {facts.filter(({ value }) => value !== "").map((fact) => <FactLine key={fact.name} fact={fact} />)}
    </dl>
  );
}

function Facts({ title, facts }: { title: string; facts: Fact[] }) {
  if (facts.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <dl class="run-facts">{facts.map((fact) => <FactLine key={fact.name} fact={fact} />)}</dl>
    </section>
  );
}

/** What was not committed is a file of the run. */
function linked(fact: Fact, { entity, project, run }: RunItem): Fact {
  return fact.name === DIRTY && fact.value.endsWith(DIFF) ? { ...fact, href: `${to.run(entity, project, run, "files")}/${DIFF}` } : fact;
}

function FactLine({ fact: { name, value, code, href } }: { fact: Fact }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {href ? <a href={href}>{value}</a> : code ? <code>{value}</code> : value}
        <CopyButton text={value} label={name} />
      </dd>
    </div>
  );
}

function ReadElsewhere({ run }: { run: RunItem }) {
  const python = `import wandb\nrun = wandb.Api().run(${JSON.stringify(`${run.entity}/${run.project}/${run.run}`)})\nrun.history()`;
  return (
    <section aria-label="Read it elsewhere">
      <header class="run-head">
        <h2>Read it elsewhere</h2>
        <CopyButton text={python} label="the program" />
      </header>
      <pre class="run-code" tabIndex={0}>{python}</pre>
    </section>
  );
}
