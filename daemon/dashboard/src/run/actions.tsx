/** What can be done to a run as a whole: stop it, delete it. */
import { useState } from "preact/hooks";

import { path, post, remove, type RunItem } from "../api";
import { go, to } from "../routes";
import { Dialog } from "../ui/dialog";
import { tried } from "../ui/toast";

export function Actions({ run, again }: { run: RunItem; again: () => void }) {
  const [deleting, setDeleting] = useState(false);
  const { entity, project } = run;
  const at = path`/v1/runs/${entity}/${project}/${run.run}`;
  const stop = async () => {
    if (await tried(() => post(`${at}/stop`), "The program is asked to stop")) again();
  };
  const drop = async () => {
    if (await tried(() => remove(at), `${run.name ?? run.run} is deleted`)) go(to.project(entity, project));
  };
  return (
    <>
      {run.state === "running" && <button onClick={() => void stop()}>Stop</button>}
      <button onClick={() => setDeleting(true)}>Delete</button>
      {deleting && (
        <Dialog title="Delete this run?" onClose={() => setDeleting(false)}>
          <p>
            {run.name ?? run.run}, with its history, its files and its log, is deleted here and at the remotes. The versions of artifacts that it logged stay. This cannot be undone.
          </p>
          <p>
            <button class="main" onClick={() => void drop()}>
              Delete the run
            </button>{" "}
            <button onClick={() => setDeleting(false)}>
              Keep it
            </button>
          </p>
        </Dialog>
      )}
    </>
  );
}
