/** Moving a name of a collection to one of its versions. A refusal is shown where it was asked. */
import { useState } from "preact/hooks";

import { post, type ApiError, type VersionView } from "../api";
import { LATEST } from "../artifacts/moves";
import { collectionRoute, type Of } from "../artifacts/names";
import { Acts } from "../ui/acts";
import { Dialog } from "../ui/dialog";
import { Failure } from "../ui/state";
import { say } from "../ui/toast";

export function MoveAlias(props: {
  of: Of;
  versions: VersionView[];
  /** The name, where that is settled; else empty. */
  alias: string;
  /** The id of the version, where that is settled; else empty. */
  to: string;
  protect: string[];
  onClose: () => void;
  onDone: () => void;
}) {
  const { of, versions, protect } = props;
  const [alias, setAlias] = useState(props.alias);
  const elsewhere = versions.find((one) => !one.aliases.some((at) => at.alias === props.alias));
  const [target, setTarget] = useState(props.to || (elsewhere ?? versions[0])?.id);
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const known = [...new Set([...versions.flatMap((one) => one.aliases.map((at) => at.alias)), ...protect])]
    .filter((one) => one !== LATEST)
    .sort();
  const from = versions.find((one) => one.aliases.some((at) => at.alias === alias.trim()));
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const moved = await post<VersionView>(`${collectionRoute(of)}/aliases`, { artifact: target, add: [alias.trim()], remove: [] });
      say(`${alias.trim()} is at v${moved.version} now`);
      props.onDone();
      props.onClose();
    } catch (refused) {
      setError(refused as ApiError);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Move an alias" onClose={props.onClose}>
      <form class="artifacts-form" onSubmit={(event) => void submit(event)}>
        <label>
          Alias
          <input required list="registry-aliases" placeholder="production" value={alias} onInput={(event) => setAlias(event.currentTarget.value)} />
        </label>
        <datalist id="registry-aliases">
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        {protect.includes(alias.trim()) && <p class="artifacts-why">{alias.trim()} is protected: only administrators of the registry move it.</p>}
        <label>
          To version
          <select value={target} onChange={(event) => setTarget(event.currentTarget.value)}>
            {versions.map((one) => (
              <option key={one.id} value={one.id}>
                v{one.version}
                {one.aliases.length > 0 && ` (${one.aliases.map((at) => at.alias).join(", ")})`}
              </option>
            ))}
          </select>
        </label>
        {alias.trim() !== "" && <p class="dim">{from ? `It is at v${from.version} now, and leaves it.` : "No version shown here has it now."}</p>}
        {error && <Failure error={error} />}
        <Acts class="main" disabled={busy || alias.trim() === "" || from?.id === target} onCancel={props.onClose}>
          Move alias
        </Acts>
      </form>
    </Dialog>
  );
}
