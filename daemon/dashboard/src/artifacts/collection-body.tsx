/** What pages of collections have alike, of a project's and of a registry's: versions page by page, and the history. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { get, type CollectionVersions } from "../api";
import { useData, type Loaded } from "../data";
import { useLive } from "../live";
import { query } from "../routes";
import { Tabs } from "../ui/tabs";
import { Shown } from "../ui/state";
import { History } from "./history";
import { useLearned } from "./learned";
import { collectionRoute, type Of } from "./names";

const PAGE = 50;

/** A collection with its newest versions, kept as the server has it; `older` asks for more of them. */
export function useVersions(of: Of): { loaded: Loaded<CollectionVersions>; older: () => void } {
  const [limit, setLimit] = useState(PAGE);
  const loaded = useData(
    (abort) => get<CollectionVersions>(collectionRoute(of), { limit }, abort),
    [of.entity, of.project, of.collection, limit],
  );
  useLive(of, (changed) => changed.artifacts || changed.sync, loaded.again);
  useLearned(of, loaded.again);
  return { loaded, older: () => setLimit(limit + PAGE) };
}

export function CollectionBody(props: {
  of: Of;
  /** The collection's own page. */
  page: string;
  what: string;
  loaded: Loaded<CollectionVersions>;
  older: () => void;
  about: (found: CollectionVersions) => ComponentChildren;
  versions: (found: CollectionVersions) => ComponentChildren;
}) {
  const { of, page } = props;
  const at = query("tab") === "history" ? "history" : "versions";
  return (
    <Shown of={props.loaded} what={props.what}>
      {(found) => (
        <>
          {props.about(found)}
          <Tabs
            label="Of this collection"
            at={at}
            tabs={[
              { name: "versions", title: "Versions", href: page },
              { name: "history", title: "History of aliases", href: `${page}?tab=history` },
            ]}
          />
          {at === "history" ? <History of={of} type={found.collection.type} /> : props.versions(found)}
          {at === "versions" && found.more && <button onClick={props.older}>Show older versions</button>}
        </>
      )}
    </Shown>
  );
}
