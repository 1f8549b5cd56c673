/**
 * A logged table. The run's file has its first rows and names media only; the
 * artifact that it came with has all of it, and is shown where it is to be had.
 */
import { useMemo } from "preact/hooks";

import { graphql, type RunPath } from "../api";
import { Loading, Shown } from "../ui/state";
import { MediaView, useJson, useLoaded } from "./media";
import { text } from "./media-data";
import { ofArtifact, type Source } from "./source";
import { TableView } from "./table";
import { readTable } from "./table-data";

type Of = Pick<RunPath, "entity" | "project"> | undefined;

/** An entry of an artifact. */
interface Entry {
  source: Source;
  path: string;
}

export function TableFile(props: { path: string; value: Record<string, unknown>; source: Source; of?: Of }) {
  const { of } = props;
  const wanted = of ? text(props.value["artifact_path"]) : "";
  // What cannot be found out is no reason to show nothing: the run's own file has to do.
  const entry = useLoaded(wanted || null, async () => (of ? await entryOf(of, wanted).catch(() => null) : null));
  if (wanted && entry === undefined) return <Loading what="the table" />;
  return entry ? <Loaded path={entry.path} source={entry.source} of={of} rows={props.value["nrows"]} or={props} /> : <Either {...props} />;
}

function Either(props: { path: string; value: Record<string, unknown>; source: Source; of?: Of }) {
  return <Loaded path={props.path} source={props.source} of={props.of} rows={props.value["nrows"]} />;
}

function Loaded(props: { path: string; source: Source; of: Of; rows: unknown; or?: { path: string; source: Source } }) {
  const { path, source } = props;
  const file = useJson(source.file(path));
  const data = useMemo(() => readTable(file.data), [file.data]);
  // The artifact's bytes may be elsewhere: then the run's file has to do.
  if (file.error && props.or) return <Loaded {...props.or} of={props.of} rows={props.rows} />;
  const name = path.split("/").at(-1)!.replace(/(_\d+_[0-9a-f]{20})?(\.table)?\.json$/, "");
  return (
    <Shown of={file} what="the table">
      {() =>
        data ? (
          <TableView
            data={data}
            name={name}
            medium={(cell) => <MediaView value={cell} source={source} of={props.of} />}
            note={typeof props.rows === "number" && props.rows > data.rows.length && <span class="dim">of {props.rows} that were logged</span>}
          />
        ) : (
          <p class="dim">This file holds no table.</p>
        )
      }
    </Shown>
  );
}

const VERSION = `query TableVersion($id: ID!) { artifact(id: $id) { versionIndex artifactSequence { name project { name entity { name } } } } }`;
const BY_CLIENT = `query TableId($id: String!) { clientIDMapping(clientID: $id) { serverID } }`;

interface Version {
  artifact: { versionIndex: number | null; artifactSequence: { name: string; project: { name: string; entity: { name: string } } | null } } | null;
}

/** Where `wandb-client-artifact://ID/PATH` or `wandb-artifact://ID/PATH` is. */
async function entryOf(of: NonNullable<Of>, address: string): Promise<Entry | null> {
  const [, kind, id, path] = /^wandb-(client-)?artifact:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
  if (!id || !path) return null;
  const known = kind ? await ofClient(id) : fromHex(id);
  if (!known) return null;
  const { artifact } = await graphql<Version>(VERSION, { id: known });
  if (!artifact || artifact.versionIndex === null) return null;
  const { name, project } = artifact.artifactSequence;
  const [entity, inProject] = project ? [project.entity.name, project.name] : [of.entity, of.project];
  return { source: ofArtifact(entity, inProject, `${name}:v${artifact.versionIndex}`), path };
}

async function ofClient(id: string): Promise<string | undefined> {
  const { clientIDMapping } = await graphql<{ clientIDMapping: { serverID: string } | null }>(BY_CLIENT, { id });
  return clientIDMapping?.serverID;
}

/** W&B's core writes ids as the hex of what their base64 stands for. */
function fromHex(id: string): string {
  return btoa(id.replaceAll(/[0-9a-f]{2}/gi, (byte) => String.fromCharCode(parseInt(byte, 16))));
}
