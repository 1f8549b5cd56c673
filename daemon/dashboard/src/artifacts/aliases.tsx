/** The names of a version where one looks at it: who moved them, and adding and taking away in place. */
import { useState } from "preact/hooks";

import { get, path, post, type AliasView, type RegistryCollections } from "../api";
import { useData } from "../data";
import { tried } from "../ui/toast";
import { mayWrite } from "../live";
import { LATEST } from "./moves";
import { collectionRoute, listed, registryOf, type Of } from "./names";
import { When } from "./parts";

/** The names that only administrators move, where the collection is one of a registry. */
export function useProtected(of: Of): string[] {
  const registry = registryOf(of.project);
  const asked = useData(
    (abort) => (registry === null ? Promise.resolve(null) : get<RegistryCollections>(path`/v1/registries/${of.entity}/${registry}`, {}, abort)),
    [of.entity, of.project],
  );
  return asked.data?.registry.protected_aliases ?? [];
}

export function AliasEditor(props: { of: Of; id: string; aliases: AliasView[]; again: () => void }) {
  const { of, id, aliases, again } = props;
  const protect = useProtected(of);
  const change = async (add: string[], remove: string[], done: string) => {
    const asked = await tried(() => post(`${collectionRoute(of)}/aliases`, { artifact: id, add, remove }), done);
    if (asked) again();
    return asked;
  };
  const may = mayWrite(of.entity);
  return (
    <section class="artifacts-part" aria-label="Aliases">
      <h2>Aliases</h2>
      {aliases.length === 0 && <p class="dim">None.</p>}
      <ul class="artifacts-aliases">
        {aliases.map((alias) => (
          <li key={alias.alias}>
            <span class={alias.conflict ? "artifacts-alias artifacts-conflict" : "artifacts-alias"}>{alias.alias}</span>
            {protect.includes(alias.alias) && (
              <span class="badge" title="Only administrators of the registry move it.">
                protected
              </span>
            )}
            <span class="dim">
              moved here <When us={alias.time_us} by={alias.by} />
            </span>
            {may && alias.alias !== LATEST && (
              <button
                class="quiet"
                aria-label={`Take ${alias.alias} away`}
                onClick={() => void change([], [alias.alias], `${alias.alias} was taken away`)}
              >
                ✕
              </button>
            )}
            {alias.conflict && (
              <p class="artifacts-why">
                In conflict: somebody who did not know of this move moved it elsewhere. The tab History shows both sides.{" "}
                {may && (
                  <button onClick={() => void change([alias.alias], [], `${alias.alias} stays at this version`)}>
                    Settle it here
                  </button>
                )}
              </p>
            )}
          </li>
        ))}
      </ul>
      {may && <AddAlias add={(names) => change(names, [], `${names.join(", ")} moved here`)} />}
    </section>
  );
}

function AddAlias({ add }: { add: (names: string[]) => Promise<boolean> }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const names = listed(text);
    if (names.length === 0) return;
    setBusy(true);
    if (await add(names)) setText("");
    setBusy(false);
  };
  return (
    <form class="artifacts-add" onSubmit={(event) => void submit(event)}>
      <input
        aria-label="Alias to add"
        placeholder="best, production"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button disabled={busy || listed(text).length === 0}>Add alias</button>
      <span class="dim">An alias that another version has moves here.</span>
    </form>
  );
}
