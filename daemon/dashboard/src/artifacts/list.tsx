/** The collections of a project, by type. */
import { get, type Collections, type CollectionView } from "../api";
import { useData } from "../data";
import { query, setQuery, to, type Route } from "../routes";
import { Empty, Shown } from "../ui/state";
import { useTitle } from "../ui/title";
import { useLive } from "../live";
import { byType, collectionHref } from "./names";
import { Tags, When } from "./parts";

const EXAMPLE = `with pannier.init(project="PROJECT") as run:
    run.log_artifact("model.pt", name="model", type="model")`;

export function CollectionList({ route }: { route: Extract<Route, { page: "artifacts" }> }) {
  const { entity, project } = route;
  useTitle(`Artifacts · ${project}`);
  const loaded = useData((abort) => get<Collections>("/v1/collections", { entity, project }, abort), [entity, project]);
  useLive({ entity, project }, (changed) => changed.artifacts, loaded.again);
  return (
    <section class="page">
      <h1>Artifacts</h1>
      <Shown of={loaded} what="the artifacts">
        {({ collections }) =>
          collections.length === 0 ? (
            <Empty title="No artifacts yet">
              <p>A run logs files and folders as versions of an artifact:</p>
              <pre class="artifacts-example">{EXAMPLE.replace("PROJECT", project)}</pre>
            </Empty>
          ) : (
            <Found route={route} collections={collections} />
          )
        }
      </Shown>
    </section>
  );
}

function Found({ route, collections }: { route: Extract<Route, { page: "artifacts" }>; collections: CollectionView[] }) {
  const search = query("q") ?? "";
  const types = [...new Set(collections.map((one) => one.type))].sort();
  const groups = byType(collections, search).filter(([type]) => route.kind === undefined || type === route.kind);
  const all = to.artifacts(route.entity, route.project);
  return (
    <>
      <div class="artifacts-bar">
        <input
          type="search"
          aria-label="Search artifacts"
          placeholder="Search by name, type, alias or tag"
          value={search}
          onInput={(event) => setQuery({ q: event.currentTarget.value })}
        />
        <nav class="artifacts-types" aria-label="Types">
          <a href={all} aria-current={route.kind === undefined ? "page" : undefined}>
            All
          </a>
          {types.map((type) => (
            <a key={type} href={`${all}/${encodeURIComponent(type)}`} aria-current={route.kind === type ? "page" : undefined}>
              {type}
            </a>
          ))}
        </nav>
      </div>
      {groups.length === 0 && <Empty title="Nothing is found">No artifact here has all of these words.</Empty>}
      {groups.map(([type, found]) => (
        <section key={type} aria-label={type}>
          <h2>
            {type} <span class="dim">{found.length}</span>
          </h2>
          <CollectionTable collections={found} />
        </section>
      ))}
    </>
  );
}

export function CollectionTable({ collections }: { collections: CollectionView[] }) {
  return (
    <div class="artifacts-scroll">
      <table class="artifacts-table artifacts-collections">
        <thead>
          <tr>
            <th>Name</th>
            <th>Versions</th>
            <th>Aliases</th>
            <th>Tags</th>
            <th>Created</th>
          </tr>
        </thead>
        <tbody>
          {collections.map((one) => (
            <tr key={one.name}>
              <td>
                <a href={collectionHref({ ...one, collection: one.name }, one.type)}>{one.name}</a>
                {one.description && <p class="artifacts-line dim">{one.description}</p>}
              </td>
              <td>{one.version_count.toLocaleString("en-US")}</td>
              <td>
                <span class="artifacts-tags">
                  {one.aliases.map((alias) => (
                    <span key={alias} class="artifacts-alias">
                      {alias}
                    </span>
                  ))}
                </span>
              </td>
              <td>
                <Tags tags={one.tags} />
              </td>
              <td>
                <When us={one.created_us} by={one.by} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
