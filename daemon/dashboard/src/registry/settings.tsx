/** What a registry is for, what it takes, and which names are protected. */
import { useState } from "preact/hooks";

import { patch, path, type ApiError, type RegistryView } from "../api";
import { mayWrite } from "../live";
import { listed } from "../artifacts/names";
import { When } from "../artifacts/parts";
import { Failure } from "../ui/state";
import { say } from "../ui/toast";
import { access, changes } from "./search";

export function Settings({ registry, again }: { registry: RegistryView; again: () => void }) {
  const [description, setDescription] = useState(registry.description ?? "");
  const [types, setTypes] = useState((registry.artifact_types ?? []).join(", "));
  const [names, setNames] = useState(registry.protected_aliases.join(", "));
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const may = mayWrite(registry.organization);
  const asked = changes(registry, { description, types: listed(types), protectedAliases: listed(names) });
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await patch(path`/v1/registries/${registry.organization}/${registry.name}`, asked);
      setError(undefined);
      say("saved");
      again();
    } catch (refused) {
      setError(refused as ApiError);
    }
    setBusy(false);
  };
  return (
    <form class="artifacts-form registry-settings" onSubmit={(event) => void submit(event)}>
      <label>
        Description
        <textarea rows={4} disabled={!may} value={description} onInput={(event) => setDescription(event.currentTarget.value)} />
      </label>
      <label>
        Types it takes, separated by commas; empty for all
        <input disabled={!may} value={types} onInput={(event) => setTypes(event.currentTarget.value)} />
      </label>
      <label>
        Protected aliases, which only its administrators move and change
        <input disabled={!may} placeholder="production" value={names} onInput={(event) => setNames(event.currentTarget.value)} />
      </label>
      {access(registry) && <p>Seen by {access(registry)}.</p>}
      <p class="dim">
        Made <When us={registry.created_us} />
        {registry.updated_us !== null && (
          <>
            , changed <When us={registry.updated_us} />
          </>
        )}
      </p>
      {error && <Failure error={error} />}
      {may ? (
        <div>
          <button class="main" disabled={busy || Object.keys(asked).length === 0}>
            Save settings
          </button>
        </div>
      ) : (
        <p class="dim">Only those who may write to {registry.organization} change this.</p>
      )}
    </form>
  );
}
