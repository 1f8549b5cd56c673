/** The versions of artifacts that a run logged, and those that it used. */
import { graphql } from "../api";
import { useLive } from "../live";
import { useData } from "../data";
import { to } from "../routes";
import { bytes, count, time } from "../ui/format";
import { Empty, Shown } from "../ui/state";
import type { TabProps } from "./page";

/** Versions that are asked for of each kind. */
const MOST = 500;

const FIELDS = `totalCount edges { node {
  id versionIndex size fileCount createdAt description
  artifactType { name }
  artifactSequence { name project { name entity { name } } }
  aliases { alias artifactCollection { name } }
} }`;
const QUERY = `query RunArtifacts($entity: String!, $project: String!, $run: String!, $first: Int) {
  project(entityName: $entity, name: $project) { run(name: $run) {
    logged: outputArtifacts(first: $first) { ${FIELDS} }
    used: inputArtifacts(first: $first) { ${FIELDS} }
  } }
}`;

interface Version {
  id: string;
  versionIndex: number | null;
  size: number | string | null;
  fileCount: number | string | null;
  createdAt: string;
  description: string | null;
  artifactType: { name: string };
  artifactSequence: { name: string; project: { name: string; entity: { name: string } } | null };
  aliases: { alias: string; artifactCollection: { name: string } | null }[];
}

interface Versions {
  totalCount: number;
  edges: { node: Version }[];
}

export function Artifacts({ run }: TabProps) {
  const { entity, project } = run;
  const loaded = useData(async () => {
    const said = await graphql<{ project: { run: { logged: Versions; used: Versions } | null } | null }>(QUERY, { entity, project, run: run.run, first: MOST });
    return said.project?.run ?? { logged: NONE, used: NONE };
  }, [entity, project, run.run]);
  useLive({ entity, project }, (changed) => changed.artifacts, loaded.again);
  return (
    <Shown of={loaded} what="the artifacts">
      {({ logged, used }) =>
        logged.edges.length + used.edges.length === 0 ? (
          <Empty title="No artifacts">
            <p>
              <code>run.log_artifact(…)</code> logs a version, <code>run.use_artifact(…)</code> says what it was made from.
            </p>
          </Empty>
        ) : (
          <>
            <List title="Logged by this run" versions={logged} run={run} none="It logged none." without={OF_THE_SDK} />
            <List title="Used by this run" versions={used} run={run} none="It used none." />
          </>
        )
      }
    </Shown>
  );
}

const NONE: Versions = { totalCount: 0, edges: [] };

/** Types of what W&B's SDK logs by itself, beside what the program does. */
const OF_THE_SDK = ["run_table", "wandb-history", "wandb-events", "job"];

interface ListProps {
  title: string;
  versions: Versions;
  run: TabProps["run"];
  none: string;
  /** Types that are folded away. */
  without?: readonly string[];
}

function List({ title, versions, run, none, without = [] }: ListProps) {
  const all = versions.edges.map(({ node }) => node);
  const shown = all.filter((node) => !without.includes(node.artifactType.name));
  const folded = all.filter((node) => without.includes(node.artifactType.name));
  return (
    <section class="run-artifacts" aria-label={title}>
      <h2>{title}</h2>
      {shown.length === 0 ? <p class="dim">{none}</p> : <Table versions={shown} run={run} />}
      {folded.length > 0 && (
        <details>
          <summary>{count(folded.length, "version")} of logged tables and of what the SDK keeps by itself</summary>
          <Table versions={folded} run={run} />
        </details>
      )}
      {versions.totalCount > versions.edges.length && <p class="dim">{count(versions.totalCount - versions.edges.length, "more version")} not shown.</p>}
    </section>
  );
}

function Table({ versions, run }: { versions: Version[]; run: TabProps["run"] }) {
  return (
    <div class="run-scroll">
      <table>
        <thead>
          <tr>
            <th>Version</th>
            <th>Type</th>
            <th>Aliases</th>
            <th>Size</th>
            <th>Created</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((version) => (
            <Row key={version.id} version={version} run={run} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ version, run }: { version: Version; run: TabProps["run"] }) {
  const { name, project } = version.artifactSequence;
  const [entity, inProject] = project ? [project.entity.name, project.name] : [run.entity, run.project];
  const label = `v${version.versionIndex ?? 0}`;
  const elsewhere = entity !== run.entity || inProject !== run.project;
  const aliases = version.aliases.filter((one) => one.alias !== label && (!one.artifactCollection || one.artifactCollection.name === name));
  return (
    <tr>
      <td>
        <a href={to.version(entity, inProject, version.artifactType.name, name, label)}>
          {elsewhere && `${entity}/${inProject}/`}
          {name}:{label}
        </a>
        {version.description && <p class="dim">{version.description}</p>}
      </td>
      <td>{version.artifactType.name}</td>
      <td>
        {aliases.map(({ alias }) => (
          <span key={alias} class="run-tag">
            {alias}
          </span>
        ))}
      </td>
      <td>
        {bytes(Number(version.size ?? 0))}, {count(Number(version.fileCount ?? 0), "file")}
      </td>
      <td>{time(Date.parse(/Z|[+-]\d\d:\d\d$/.test(version.createdAt) ? version.createdAt : `${version.createdAt}Z`) * 1000)}</td>
    </tr>
  );
}
