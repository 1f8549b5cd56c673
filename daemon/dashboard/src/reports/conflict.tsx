/** Somebody saved the report since it was opened here. */
import { get, type View } from "../api";
import { useData } from "../data";
import { Dialog } from "../ui/dialog";
import { ago } from "../ui/format";
import { save } from "../ui/save";
import { address, type Said } from "./views";

interface Props {
  view: View;
  said: Said;
  onClose: () => void;
  onReload: () => void;
  onCopy: () => void;
}

export function Conflict({ view, said, onClose, onReload, onCopy }: Props) {
  const { data } = useData((abort) => get<View>(address(view), {}, abort), [view.id]);
  const who = data?.by ?? "Somebody";
  return (
    <Dialog title="This report was saved by somebody else" onClose={onClose}>
      <p>
        {who} saved it {data ? ago(data.updated_us) : "after you opened it"}. Your changes are still here; nothing was overwritten.
      </p>
      <div class="reports-buttons">
        <button class="main" onClick={onCopy}>Save mine as a copy</button>
        <button onClick={onReload}>Load theirs, drop mine</button>
        <button onClick={() => save(`${said.title}.json`, said.spec, "application/json")}>Download mine</button>
        <button class="quiet" onClick={onClose}>Go on editing</button>
      </div>
    </Dialog>
  );
}
