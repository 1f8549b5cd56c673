/** The moves of a collection's names: who, when, where; and what has to be settled. */
import { get, post, type MoveView, type Moves, type Status } from "../api";
import { useData } from "../data";
import { query, setQuery } from "../routes";
import { Empty, Shown } from "../ui/state";
import { tried } from "../ui/toast";
import { isHub, mayWrite, useLive } from "../live";
import { conflicts, holder, madeAt, target, type Conflict } from "./moves";
import { collectionRoute, versionHref, type Of } from "./names";
import { When } from "./parts";

/** The id of this home, which tells moves that were made here. A hub says it to its administrators only. */
function useHome(): string | null {
  const hub = isHub();
  const asked = useData<Status | null>((abort) => (hub ? Promise.resolve(null) : get<Status>("/v1/status", {}, abort)), [hub]);
  return asked.data?.origin ?? null;
}

/** `only`: the id of the version whose page this is; its moves are marked. */
export function History({ of, type, only }: { of: Of; type: string; only?: string }) {
  const loaded = useData((abort) => get<Moves>(`${collectionRoute(of)}/moves`, {}, abort), [of.entity, of.project, of.collection]);
  useLive(of, (changed) => changed.artifacts, loaded.again);
  const home = useHome();
  return (
    <Shown of={loaded} what="the history">
      {({ moves }) => (
        <>
          {conflicts(moves).map((conflict) => (
            <Settle key={conflict.alias} of={of} moves={moves} conflict={conflict} home={home} again={loaded.again} />
          ))}
          {moves.length === 0 ? (
            <Empty title="No moves yet">An alias that is given to a version shows up here, with who moved it and when.</Empty>
          ) : (
            <MoveTable of={of} type={type} moves={moves} home={home} only={only} />
          )}
        </>
      )}
    </Shown>
  );
}

function Settle(props: { of: Of; moves: MoveView[]; conflict: Conflict; home: string | null; again: () => void }) {
  const { of, conflict, home } = props;
  const settle = async (side: MoveView) => {
    const at = side.to ?? holder(props.moves, conflict.alias)?.to;
    if (!at) return;
    const names = { add: side.to ? [conflict.alias] : [], remove: side.to ? [] : [conflict.alias] };
    const done = `${conflict.alias}: ${target(side)}`;
    if (await tried(() => post(`${collectionRoute(of)}/aliases`, { artifact: at, ...names }), done)) props.again();
  };
  return (
    <section class="artifacts-settle" role="group" aria-label={`${conflict.alias} is in conflict`}>
      <h2>{conflict.alias} is in conflict</h2>
      <p>
        It was moved by several who did not know of each other. The move with the later time holds, at every home alike, until
        somebody moves it again: choose which is meant.
      </p>
      <ul>
        {conflict.sides.map((side, nth) => (
          <li key={`${side.to}-${side.time_us}`}>
            <span>
              <strong>{target(side)}</strong>, <When us={side.time_us} by={side.by} />, on {madeAt(side, home)}
              {nth === 0 && <span class="badge">holds now</span>}
            </span>
            {mayWrite(of.entity) && (side.to === null || side.version !== null) && (
              <button onClick={() => void settle(side)}>
                {side.to === null ? `Take ${conflict.alias} away` : `Settle at v${side.version}`}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function MoveTable(props: { of: Of; type: string; moves: MoveView[]; home: string | null; only?: string | undefined }) {
  const { of, type, moves, home, only } = props;
  const alias = query("alias") ?? "";
  const names = [...new Set(moves.map((move) => move.alias))].sort();
  const shown = moves.filter((move) => alias === "" || move.alias === alias);
  return (
    <>
      <label class="artifacts-bar">
        Alias{" "}
        <select value={alias} onChange={(event) => setQuery({ alias: event.currentTarget.value })}>
          <option value="">all</option>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <div class="artifacts-scroll">
        <table class="artifacts-table artifacts-nowrap">
          <thead>
            <tr>
              <th>Alias</th>
              <th>To</th>
              <th>When, and by whom</th>
              <th>Made on</th>
              <th>Now</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((move, nth) => (
              <tr key={nth} class={only && move.to === only ? "artifacts-mine" : ""}>
                <td>{move.alias}</td>
                <td>{move.version === null ? target(move) : <a href={versionHref(of, type, `v${move.version}`)}>{target(move)}</a>}</td>
                <td>
                  <When us={move.time_us} by={move.by} />
                </td>
                <td>{madeAt(move, home)}</td>
                <td class="dim">{move.stands ? "stands" : "moved on since"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
