/** Runs of text with their marks. */
import type { ComponentChildren, JSX } from "preact";

import { Formula } from "../ui/formula";
import { UserLink } from "../ui/markdown";
import { safeLink } from "../ui/safe-url";
import type { Run } from "./blocks";

export function Runs({ runs }: { runs: Run[] | undefined }): JSX.Element {
  return <>{(runs ?? []).map((run, at) => <One key={at} run={run} />)}</>;
}

function One({ run }: { run: Run }): JSX.Element {
  if (run.type === "latex") return <Formula tex={run.content ?? ""} />;
  if (run.type === "link") {
    return (
      <UserLink to={safeLink(run.url ?? "")}>
        <Runs runs={run.children} />
      </UserLink>
    );
  }
  if (run.text === undefined) return <Runs runs={run.children} />;
  return <>{marked(run, lines(run.text))}</>;
}

function marked(run: Run, text: ComponentChildren): ComponentChildren {
  let said = text;
  if (run.inlineCode) said = <code>{said}</code>;
  if (run.strikethrough) said = <del>{said}</del>;
  if (run.underline) said = <u>{said}</u>;
  if (run.italic || run.emphasis) said = <em>{said}</em>;
  if (run.bold || run.strong) said = <strong>{said}</strong>;
  return said;
}

function lines(text: string): ComponentChildren {
  if (!text.includes("\n")) return text;
  return text.split("\n").flatMap((line, at) => (at === 0 ? [line] : [<br key={at} />, line]));
}
