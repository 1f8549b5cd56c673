/** Deleting a version, and taking a link away: each asks first, and says what it means. */
import { useState } from "preact/hooks";

import { path, remove, type ArtifactView } from "../api";
import { go } from "../routes";
import { Acts } from "../ui/acts";
import { Dialog } from "../ui/dialog";
import { tried } from "../ui/toast";
import { collectionHref, collectionRoute, versionRoute, type Of } from "./names";

export function DeleteVersion({ of, found, onClose }: { of: Of; found: ArtifactView; onClose: () => void }) {
  const [agreed, setAgreed] = useState(false);
  const [busy, setBusy] = useState(false);
  const name = `v${found.version}`;
  const names = found.aliases.map((alias) => alias.alias);
  const links = found.places.filter((place) => place.link).length;
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const route = `${versionRoute(of, name)}${names.length > 0 ? "?with_aliases=true" : ""}`;
    if (await tried(() => remove(route), `${of.collection}:${name} is deleted`)) go(collectionHref(of, found.type));
    else setBusy(false);
  };
  return (
    <Dialog title={`Delete ${of.collection}:${name}`} onClose={onClose}>
      <form class="artifacts-form" onSubmit={(event) => void submit(event)}>
        <ul class="artifacts-rules">
          <li>It is for ever, and at every home that this one syncs with.</li>
          <li>Its number is not given again.</li>
          <li>{links === 0 ? "It is linked nowhere." : `Links to it vanish: ${links}.`}</li>
          <li>
            Its bytes stay until <code>pannier gc</code> finds that nothing else names them.
          </li>
        </ul>
        {names.length > 0 && (
          <label class="artifacts-check">
            <input type="checkbox" checked={agreed} onChange={(event) => setAgreed(event.currentTarget.checked)} />
            Delete it though it has aliases: {names.join(", ")}
          </label>
        )}
        <Acts class="artifacts-danger" disabled={busy || (names.length > 0 && !agreed)} onCancel={onClose}>
          Delete for ever
        </Acts>
      </form>
    </Dialog>
  );
}

export function Unlink(props: { of: Of; id: string; type: string; name: string; onClose: () => void; onDone?: () => void }) {
  const { of, id, name } = props;
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const done = await tried(() => remove(collectionRoute(of) + path`/links/${id}`), `the link ${of.collection}:${name} is gone`);
    setBusy(false);
    if (!done) return;
    props.onClose();
    if (props.onDone) props.onDone();
    else go(collectionHref(of, props.type));
  };
  return (
    <Dialog title={`Take the link ${of.collection}:${name} away`} onClose={props.onClose}>
      <form class="artifacts-form" onSubmit={(event) => void submit(event)}>
        <p>The version stays where it was logged. It loses its number and its aliases here.</p>
        <Acts class="artifacts-danger" disabled={busy} onCancel={props.onClose}>
          Take the link away
        </Acts>
      </form>
    </Dialog>
  );
}
