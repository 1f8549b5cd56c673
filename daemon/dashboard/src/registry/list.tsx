/** The registries of all organizations. */
import { useState } from "preact/hooks";

import { get, path, post, type ApiError, type Registries, type RegistryView } from "../api";
import { me } from "../app";
import { listed } from "../artifacts/names";
import { useLive } from "../live";
import { useData } from "../data";
import { go, query, setQuery, to } from "../routes";
import { Acts } from "../ui/acts";
import { Dialog } from "../ui/dialog";
import { count } from "../ui/format";
import { Empty, Failure, Shown } from "../ui/state";
import { useTitle } from "../ui/title";
import { access, byOrganization } from "./search";
import "../artifacts/artifacts.css";
import "./registry.css";

export default function Page() {
  useTitle("Registries");
  const loaded = useData((abort) => get<Registries>("/v1/registries", {}, abort), []);
  const [making, setMaking] = useState(false);
  useLive({}, (changed) => changed.artifacts, loaded.again);
  return (
    <section class="page">
      <div class="artifacts-head">
        <h1>Registries</h1>
        <button class="main" onClick={() => setMaking(true)}>
          New registry
        </button>
      </div>
      <Shown of={loaded} what="the registries">
        {({ registries }) => (registries.length === 0 ? <None /> : <Cards registries={registries} />)}
      </Shown>
      {making && <NewRegistry first={loaded.data?.registries[0]} onClose={() => setMaking(false)} />}
    </section>
  );
}

function None() {
  return (
    <Empty title="No registries yet">
      <p>A registry names the versions that others are to use. The first link to one makes it:</p>
      <pre class="artifacts-example">run.link_artifact(version, "wandb-registry-model/digits")</pre>
    </Empty>
  );
}

function Cards({ registries }: { registries: RegistryView[] }) {
  const groups = byOrganization(registries, query("q") ?? "");
  return (
    <>
      <div class="artifacts-bar">
        <input
          type="search"
          aria-label="Search registries"
          placeholder="Search registries"
          value={query("q") ?? ""}
          onInput={(event) => setQuery({ q: event.currentTarget.value })}
        />
      </div>
      {groups.length === 0 && <Empty title="Nothing is found">No registry has all of these words.</Empty>}
      {groups.map(([organization, found]) => (
        <section key={organization} aria-label={organization}>
          <h2>{organization}</h2>
          <div class="registry-cards">
            {found.map((one) => (
              <a key={one.name} class="registry-card" href={to.registry(one.organization, one.name)}>
                <strong>{one.name}</strong>
                {one.description && <span>{one.description}</span>}
                <span class="dim">
                  {count(one.collection_count, "collection")}, {count(one.version_count, "version")}
                </span>
                {access(one) && <span class="dim">Seen by {access(one)}</span>}
              </a>
            ))}
          </div>
        </section>
      ))}
    </>
  );
}

function NewRegistry({ first, onClose }: { first: RegistryView | undefined; onClose: () => void }) {
  const [organization, setOrganization] = useState(first?.organization ?? (me.value?.hub ? me.value.entity : "pannier"));
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [types, setTypes] = useState("");
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const asked = { name: name.trim(), description, ...(types && { artifact_types: listed(types) }) };
      const made = await post<RegistryView>(path`/v1/registries/${organization.trim()}`, asked);
      go(to.registry(made.organization, made.name));
    } catch (refused) {
      setError(refused as ApiError);
      setBusy(false);
    }
  };
  return (
    <Dialog title="New registry" onClose={onClose}>
      <form class="artifacts-form" onSubmit={(event) => void submit(event)}>
        <label>
          Organization
          <input required value={organization} onInput={(event) => setOrganization(event.currentTarget.value)} />
        </label>
        <label>
          Name
          <input required placeholder="model" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label>
          Description
          <textarea rows={2} value={description} onInput={(event) => setDescription(event.currentTarget.value)} />
        </label>
        <label>
          Types it takes, separated by commas; empty for all
          <input placeholder="model, dataset" value={types} onInput={(event) => setTypes(event.currentTarget.value)} />
        </label>
        {error && <Failure error={error} />}
        <Acts class="main" disabled={busy} onCancel={onClose}>
          Make registry
        </Acts>
      </form>
    </Dialog>
  );
}
