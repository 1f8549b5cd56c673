/** A report: read, and edited behind its button. */
import { useCallback, useMemo, useState } from "preact/hooks";

import { get, path, type Changed, type View } from "../api";
import { useData } from "../data";
import { useChanges } from "../events";
import { go, to } from "../routes";
import { SyncBadge } from "../ui/badge";
import { Dialog } from "../ui/dialog";
import { ago, time } from "../ui/format";
import { Menu } from "../ui/menu";
import { save } from "../ui/save";
import { Empty, Shown } from "../ui/state";
import { say, tried } from "../ui/toast";
import { parseDoc, widthOf, type Doc } from "./doc";
import { Editor } from "./editor";
import { Reading } from "./reading";
import { DRAFT, publish, removeView, saveCopy } from "./views";
import "./reports.css";

type Props = { route: { entity: string; project: string; id: string; edit: boolean } };

export default function ReportPage({ route }: Props) {
  const { entity, project, id, edit } = route;
  const view = useData((abort) => get<View>(path`/v1/views/${entity}/${project}/${id}`, {}, abort), [entity, project, id]);
  // What somebody edits is not taken from under the hands.
  const listen = useCallback((changed: Changed) => (changed.views || changed.sync) && view.again(), [view.again]);
  useChanges({ entity, project }, listen, !edit);
  return (
    <div class="page reports-page">
      <Shown of={view} what="the report">
        {(shown) => <Report view={shown} edit={edit} again={view.again} />}
      </Shown>
    </div>
  );
}

const linkOf = (view: View) => to.report(view.entity, view.project, view.display_name, view.link_id);

function Report({ view, edit, again }: { view: View; edit: boolean; again: () => void }) {
  const doc = useMemo(() => parseDoc(view.spec ?? ""), [view.spec]);
  if (!doc) return <Unreadable view={view} />;
  if (edit) {
    const done = (saved: View | null) => {
      go(linkOf(saved ?? view), true);
      again();
    };
    return <Editor key={`${view.id} ${view.updated_us}`} view={view} doc={doc} onDone={done} onReload={again} />;
  }
  return (
    <article class={`reports-doc ${widthOf(doc)}`}>
      <Head view={view} doc={doc} again={again} />
      <Reading doc={doc} entity={view.entity} project={view.project} />
    </article>
  );
}

function Head({ view, doc, again }: { view: View; doc: Doc; again: () => void }) {
  const draft = view.type === DRAFT;
  return (
    <header class="reports-head">
      <div class="reports-bar">
        <h1>{view.display_name || "Untitled report"}</h1>
        <button class="main" onClick={() => go(`${linkOf(view)}/edit`)}>Edit</button>
        {draft && <button onClick={() => void tried(() => publish(view), "It is a report now").then(again)}>Publish</button>}
        <Actions view={view} doc={doc} />
      </div>
      {view.description && <p class="reports-description">{view.description}</p>}
      <p class="dim reports-facts">
        {draft && <span class="badge">draft</span>}
        <span>
          {view.by ? `${view.by}, ` : ""}
          <time title={time(view.updated_us)}>{ago(view.updated_us)}</time>
        </span>
        <SyncBadge sync={view.sync} />
      </p>
    </header>
  );
}

function Actions({ view, doc }: { view: View; doc: Doc }) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    await tried(async () => {
      const { exportReport } = await import("./export");
      save(`${view.display_name || "report"}.html`, await exportReport(view, doc), "text/html;charset=utf-8");
    });
    setBusy(false);
  };
  const clone = () =>
    tried(async () => {
      const said = { title: `Copy of ${view.display_name}`, description: view.description, spec: view.spec ?? "" };
      const copy = await saveCopy(view, said);
      go(linkOf(copy));
      say("This is the copy");
    });
  return (
    <>
      <button disabled={busy} onClick={download}>{busy ? "Drawing…" : "Download HTML"}</button>
      <Menu label="Clone or delete" class="quiet">
        {(close) => (
          <>
            <button onClick={() => (close(), void clone())}>Clone</button>
            <button onClick={() => (close(), setAsking(true))}>Delete</button>
          </>
        )}
      </Menu>
      {asking && <AskDelete view={view} onClose={() => setAsking(false)} />}
    </>
  );
}

function AskDelete({ view, onClose }: { view: View; onClose: () => void }) {
  const remove = async () => {
    if (await tried(() => removeView(view), "The report is deleted")) go(to.reports(view.entity, view.project), true);
  };
  return (
    <Dialog title="Delete this report?" onClose={onClose}>
      <p>“{view.display_name}” goes from here, and with the next sync from the remotes.</p>
      <div class="reports-buttons">
        <button class="reports-danger" onClick={remove}>Delete report</button>
        <button onClick={onClose}>Keep it</button>
      </div>
    </Dialog>
  );
}

/** A spec that we cannot read is still the writer's: it is shown as it is. */
function Unreadable({ view }: { view: View }) {
  return (
    <Empty title={`“${view.display_name}” cannot be shown`}>
      <p>Its spec is no JSON with a list of blocks. It is kept as its writer saved it:</p>
      <pre class="reports-hint">{(view.spec ?? "").slice(0, 20_000)}</pre>
    </Empty>
  );
}
