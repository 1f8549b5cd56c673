/** The versions of artifacts that a run logged, and those that it used. */
import { graphql } from "../api";
import { useLive } from "../artifacts/live";
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
            <List title="Logged by this run" versions={logged} run={run} none="It logged none." />
            <List title="Used by this run" versions={used} run={run} none="It used none." />
          </>
        )
      }
    </Shown>
  );
}

const NONE: Versions = { totalCount: 0, edges: [] };

function List({ title, versions, run, none }: { title: string; versions: Versions; run: TabProps["run"]; none: string }) {
  return (
    <section class="run-artifacts" aria-label={title}>
      <h2>{title}</h2>
      {versions.edges.length === 0 ? (
        <p class="dim">{none}</p>
      ) : (
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
              {versions.edges.map(({ node }) => (
                <Row key={node.id} version={node} run={run} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {versions.totalCount > versions.edges.length && <p class="dim">{count(versions.totalCount - versions.edges.length, "more version")} not shown.</p>}
    </section>
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
