/** The collections of a registry, looked for by name, alias and tag. */
import type { CollectionView, RegistryView } from "../api";
import { CollectionTable } from "../artifacts/list";
import { query, setQuery } from "../routes";
import { Empty } from "../ui/state";
import { choices, found } from "./search";

export function Collections({ registry, collections }: { registry: RegistryView; collections: CollectionView[] }) {
  if (collections.length === 0) {
    return (
      <Empty title="No collections yet">
        <p>The page of a version has a button that links it here; or, in a run:</p>
        <pre class="artifacts-example">{`run.link_artifact(version, "${registry.project}/NAME")`}</pre>
      </Empty>
    );
  }
  const wanted = { name: query("q") ?? "", alias: query("alias") ?? "", tag: query("tag") ?? "" };
  const shown = found(collections, wanted);
  return (
    <>
      <div class="artifacts-bar">
        <input
          type="search"
          aria-label="Search collections"
          placeholder="Search collections"
          value={wanted.name}
          onInput={(event) => setQuery({ q: event.currentTarget.value })}
        />
        <Choice label="Alias" param="alias" at={wanted.alias} choices={choices(collections, (one) => one.aliases)} />
        <Choice label="Tag" param="tag" at={wanted.tag} choices={choices(collections, (one) => one.tags)} />
      </div>
      {shown.length === 0 ? <Empty title="Nothing is found">No collection here has all of that.</Empty> : <CollectionTable collections={shown} />}
    </>
  );
}

function Choice({ label, param, at, choices }: { label: string; param: string; at: string; choices: string[] }) {
  return (
    <label>
      {label}{" "}
      <select value={at} onChange={(event) => setQuery({ [param]: event.currentTarget.value })}>
        <option value="">any</option>
        {choices.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}
