/** All projects, or those of one entity. */
import { useState } from "preact/hooks";

import { get, type ProjectView, type Projects } from "../api";
import { me } from "../app";
import { isHub, useLive } from "../live";
import { useData } from "../data";
import { to, type Route } from "../routes";
import { ago, count, time } from "../ui/format";
import { Empty, Shown } from "../ui/state";
import { byEntity } from "./entities";
import "./home.css";

export default function Home({ route }: { route: Extract<Route, { page: "home" | "entity" }> }) {
  const entity = route.page === "entity" ? route.entity : null;
  const [search, setSearch] = useState("");
  const projects = useData((signal) => get<Projects>("/v1/projects", { entity }, signal), [entity]);
  useLive(entity ? { entity } : {}, (changed) => changed.runs.length > 0, projects.again);
  return (
    <section class="page home">
      <h1>{entity ? `Projects of ${entity}` : "Projects"}</h1>
      <Shown of={projects} what="the projects">
        {(data) =>
          data.projects.length === 0 ? (
            <FirstRun />
          ) : (
            <>
              <input
                type="search"
                aria-label="Search projects"
                placeholder="Search projects"
                value={search}
                onInput={(event) => setSearch(event.currentTarget.value)}
              />
              <Entities projects={data.projects} search={search} />
            </>
          )
        }
      </Shown>
    </section>
  );
}

function Entities({ projects, search }: { projects: readonly ProjectView[]; search: string }) {
  const entities = byEntity(projects, search, me.value?.entity);
  if (entities.length === 0) return <Empty title="No project is called so">Nothing matches “{search}”.</Empty>;
  return (
    <>
      {entities.map(({ entity, projects: of }) => (
        <section key={entity} class="home-entity" aria-label={entity}>
          <h2>
            <a href={to.entity(entity)}>{entity}</a> <span class="dim">{count(of.length, "project")}</span>
          </h2>
          <ul class="home-projects">
            {of.map((project) => (
              <Project key={project.project} of={project} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Project({ of }: { of: ProjectView }) {
  return (
    <li>
      <a class="home-project" href={to.project(of.entity, of.project)}>
        <strong>{of.project}</strong>
        {of.running > 0 && <span class="badge state-running">{of.running} running</span>}
        <span class="dim home-facts">
          {count(of.runs, "run")}
          {of.collections > 0 && `, ${count(of.collections, "collection")} of artifacts`}
        </span>
        <span class="dim home-when" title={time(of.updated_us)}>
          {ago(of.updated_us)}
        </span>
      </a>
    </li>
  );
}

/** What to do where nothing is yet. */
function FirstRun() {
  if (isHub()) {
    return (
      <Empty title="No runs yet">
        <p>They come here from the machines that have this hub as a remote. On each of them, once:</p>
        <pre class="home-command">pannier remote add hub {location.origin} --token-file FILE</pre>
      </Empty>
    );
  }
  return (
    <Empty title="No runs yet">
      <p>A script that uses wandb needs no change. Start it with</p>
      <pre class="home-command">pannier run -- python train.py</pre>
      <p>or say in it</p>
      <pre class="home-command">import pannier as wandb</pre>
      <p>Its project is on this page as soon as the run begins. Without a remote, nothing leaves this machine.</p>
    </Empty>
  );
}
