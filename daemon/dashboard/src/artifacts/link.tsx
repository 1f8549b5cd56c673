/** Linking a version to a collection of a registry. */
import { useState } from "preact/hooks";

import { get, post, type ApiError, type ArtifactView, type Registries, type RegistryView, type VersionView } from "../api";
import { useData } from "../data";
import { go } from "../routes";
import { Acts } from "../ui/acts";
import { Dialog } from "../ui/dialog";
import { Failure, Shown } from "../ui/state";
import { say } from "../ui/toast";
import { collectionRoute, fullName, listed, registryProject, versionHref } from "./names";

const OTHER = "";

export function LinkDialog(props: { found: ArtifactView; onClose: () => void; onDone: () => void }) {
  const loaded = useData((abort) => get<Registries>("/v1/registries", {}, abort), []);
  return (
    <Dialog title="Link to registry" onClose={props.onClose}>
      <Shown of={loaded} what="the registries">
        {({ registries }) => <LinkForm {...props} registries={registries} />}
      </Shown>
    </Dialog>
  );
}

function takes(registry: RegistryView, type: string): boolean {
  return registry.artifact_types === null || registry.artifact_types.length === 0 || registry.artifact_types.includes(type);
}

function key(registry: RegistryView): string {
  return `${registry.organization}/${registry.name}`;
}

function LinkForm(props: { found: ArtifactView; registries: RegistryView[]; onClose: () => void; onDone: () => void }) {
  const { found, registries } = props;
  const first = registries.find((one) => takes(one, found.type));
  const [chosen, setChosen] = useState(first ? key(first) : OTHER);
  const [organization, setOrganization] = useState(registries[0]?.organization ?? "pannier");
  const [name, setName] = useState(found.type);
  const [collection, setCollection] = useState(found.collection);
  const [aliases, setAliases] = useState("");
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const known = registries.find((one) => key(one) === chosen);
  const submit = async (event: Event) => {
    event.preventDefault();
    const entity = known?.organization ?? organization.trim();
    const of = { entity, project: known?.project ?? registryProject(name.trim()), collection: collection.trim() };
    setBusy(true);
    try {
      const linked = await post<VersionView>(`${collectionRoute(of)}/links`, { artifact: found.id, aliases: listed(aliases) });
      say(`linked as ${fullName(linked, `v${linked.version}`)}`);
      props.onDone();
      props.onClose();
      go(versionHref(linked, linked.type, `v${linked.version}`));
    } catch (refused) {
      setError(refused as ApiError);
      setBusy(false);
    }
  };
  return (
    <form class="artifacts-form" onSubmit={(event) => void submit(event)}>
      <Registry registries={registries} type={found.type} chosen={chosen} choose={setChosen} />
      {!known && (
        <div class="artifacts-pair">
          <label>
            Organization
            <input required value={organization} onInput={(event) => setOrganization(event.currentTarget.value)} />
          </label>
          <label>
            Name of the registry
            <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
        </div>
      )}
      <label>
        Collection
        <input required value={collection} onInput={(event) => setCollection(event.currentTarget.value)} />
      </label>
      <label>
        Aliases there, separated by commas
        <input value={aliases} placeholder="production" onInput={(event) => setAliases(event.currentTarget.value)} />
      </label>
      {known && known.protected_aliases.length > 0 && (
        <p class="dim">Only administrators move {known.protected_aliases.join(", ")} there.</p>
      )}
      {error && <Failure error={error} />}
      <Acts class="main" disabled={busy} onCancel={props.onClose}>
        Link
      </Acts>
    </form>
  );
}

function Registry(props: { registries: RegistryView[]; type: string; chosen: string; choose: (key: string) => void }) {
  return (
    <label>
      Registry
      <select value={props.chosen} onChange={(event) => props.choose(event.currentTarget.value)}>
        {props.registries.map((one) => (
          <option key={key(one)} value={key(one)} disabled={!takes(one, props.type)}>
            {key(one)}
            {takes(one, props.type) ? "" : ` – takes no ${props.type}`}
          </option>
        ))}
        <option value={OTHER}>A new registry</option>
      </select>
    </label>
  );
}
