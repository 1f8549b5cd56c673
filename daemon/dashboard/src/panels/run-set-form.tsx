/** The form of a run set: which runs, in which groups and order. */
import { useId } from "preact/hooks";

import type { Keys } from "../api";
import { OPERATORS } from "./filters";
import { conditions, filtersOf, valueSaid, valueOfText, type Condition } from "./conditions";
import { enveloped, KeyField } from "./name-fields";
import type { Key, RunSetSpec } from "./spec";

interface Props {
  set: RunSetSpec;
  keys: Keys | undefined;
  onChange: (set: RunSetSpec) => void;
}

export function RunSetForm({ set, keys, onChange }: Props) {
  const id = useId();
  const project = set.project?.name;
  return (
    <div class="panels-form">
      <div class="panels-field">
        <label for={`${id}-name`}>Name</label>
        <input id={`${id}-name`} value={set.name ?? ""} onInput={(event) => onChange({ ...set, name: event.currentTarget.value })} />
      </div>
      {project && <p class="dim">{`Its runs are those of ${set.project?.entityName ? `${set.project.entityName}/` : ""}${project}`}</p>}
      <div class="panels-field">
        <label for={`${id}-query`}>Name contains</label>
        <input id={`${id}-query`} type="search" value={set.search?.query ?? ""} onInput={(event) => onChange({ ...set, search: { ...set.search, query: event.currentTarget.value } })} />
      </div>
      <FiltersField set={set} keys={keys} onChange={onChange} />
      <GroupingField set={set} keys={keys} onChange={onChange} />
      <OrderField set={set} keys={keys} onChange={onChange} />
    </div>
  );
}

function FiltersField({ set, keys, onChange }: Props) {
  const all = conditions(set.filters);
  const put = (next: Condition[]) => onChange({ ...set, filters: filtersOf(next) });
  return (
    <fieldset class="panels-rows">
      <legend>Filters</legend>
      {all.map((one, at) => (
        <ConditionRow
          key={at}
          condition={one}
          first={at === 0}
          keys={keys}
          onChange={(next) => put(all.map((other, index) => (index === at ? next : other)))}
          onRemove={() => put(all.filter((_, index) => index !== at))}
        />
      ))}
      <button onClick={() => put([...all, { key: { section: "config", name: "" }, op: "=", value: "", connector: "AND" }])}>Add a filter</button>
    </fieldset>
  );
}

type RowProps = { condition: Condition; first: boolean; keys: Keys | undefined; onChange: (next: Condition) => void; onRemove: () => void };

function ConditionRow({ condition, first, keys, onChange, onRemove }: RowProps) {
  const id = useId();
  return (
    <div class="panels-row">
      {!first && (
        <select aria-label="And or or" value={condition.connector ?? "AND"} onChange={(event) => onChange({ ...condition, connector: event.currentTarget.value })}>
          <option value="AND">and</option>
          <option value="OR">or</option>
        </select>
      )}
      {condition.filters ? (
        <span class="dim">a group of {condition.filters.length} filters, kept as it is</span>
      ) : (
        <>
          <KeyField id={id} value={condition.key ?? { section: "config", name: "" }} keys={keys} onChange={(key) => onChange({ ...condition, key })} />
          <select aria-label="How" value={condition.op ?? "="} onChange={(event) => onChange({ ...condition, op: event.currentTarget.value })}>
            {OPERATORS.map(([op, title]) => <option key={op} value={op}>{title}</option>)}
          </select>
          <input aria-label="Value" placeholder="value" value={valueSaid(condition.value)} onChange={(event) => onChange({ ...condition, value: valueOfText(event.currentTarget.value, condition.op) })} />
        </>
      )}
      <button class="quiet" aria-label="Remove this filter" onClick={onRemove}>✕</button>
    </div>
  );
}

function GroupingField({ set, keys, onChange }: Props) {
  const id = useId();
  const all = set.grouping ?? [];
  const put = (grouping: Key[]) => onChange({ ...set, grouping });
  const wrapped = (key: Key) => (key.section === "config" && key.name ? { ...key, name: enveloped(key.name) } : key);
  return (
    <fieldset class="panels-rows">
      <legend>Groups</legend>
      {all.map((key, at) => (
        <div key={at} class="panels-row">
          <KeyField id={`${id}-${at}`} value={key} keys={keys} onChange={(next) => put(all.map((other, index) => (index === at ? wrapped(next) : other)))} />
          <button class="quiet" aria-label="Remove this grouping" onClick={() => put(all.filter((_, index) => index !== at))}>✕</button>
        </div>
      ))}
      <button onClick={() => put([...all, { section: "config", name: "" }])}>Group by a field</button>
    </fieldset>
  );
}

function OrderField({ set, keys, onChange }: Props) {
  const id = useId();
  const [first, ...others] = set.sort?.keys ?? [];
  const order = first ?? { key: { section: "run", name: "createdAt" }, ascending: false };
  const put = (next: typeof order) => onChange({ ...set, sort: { ...set.sort, keys: [next, ...others] } });
  return (
    <fieldset class="panels-rows">
      <legend>Order</legend>
      <div class="panels-row">
        <KeyField id={id} value={order.key} keys={keys} onChange={(key) => put({ ...order, key: key.section === "config" && key.name ? { ...key, name: enveloped(key.name) } : key })} />
        <select aria-label="Direction" value={order.ascending ? "up" : "down"} onChange={(event) => put({ ...order, ascending: event.currentTarget.value === "up" })}>
          <option value="up">least first</option>
          <option value="down">greatest first</option>
        </select>
      </div>
    </fieldset>
  );
}
