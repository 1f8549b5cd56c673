/** The form of a panel's settings. What it does not ask for stays as it is. */
import { useId } from "preact/hooks";

import type { Keys } from "../api";
import { AccessorField, NamesField } from "./name-fields";
import { FORMS, type FormField } from "./forms";
import { withField } from "./grid-edit";
import { fields, text, texts, type Fields, type Json, type PanelSpec } from "./spec";

interface Props {
  panel: PanelSpec;
  keys: Keys | undefined;
  onChange: (panel: PanelSpec) => void;
}

export function PanelForm({ panel, keys, onChange }: Props) {
  const form = FORMS[panel.viewType ?? ""];
  if (!form) return <p>This panel can be moved and removed. Its settings are kept as they are.</p>;
  const config = panel.config ?? {};
  const change = (name: string, value: Json) => onChange({ ...panel, config: changed(config, name, value) });
  const shown = (field: FormField) => <OneField key={field.name} field={field} config={config} keys={keys} onChange={(value) => change(field.name, value)} />;
  const more = form.filter((field) => field.more);
  return (
    <div class="panels-form">
      {form.filter((field) => !field.more).map(shown)}
      {more.length > 0 && (
        <details>
          <summary>More</summary>
          {more.map(shown)}
        </details>
      )}
    </div>
  );
}

/** A field said, with those that W&B keeps beside it. */
export function changed(config: Fields, name: string, value: Json): Fields {
  const next = withField(config, name, value);
  if (name === "groupBy") return withField(next, "aggregate", text(value) !== undefined ? true : undefined);
  if (name === "metricRegex") return withField(next, "useMetricRegex", text(value) !== undefined ? true : undefined);
  return next;
}

type FieldProps = { field: FormField; config: Fields; keys: Keys | undefined; onChange: (value: Json) => void };

function OneField({ field, config, keys, onChange }: FieldProps) {
  const id = useId();
  const value = config[field.name];
  const { ask } = field;
  if (ask.kind === "yes") {
    return (
      <label class="panels-yes">
        <input type="checkbox" checked={value === true || value === "split"} onChange={(event) => onChange(event.currentTarget.checked || undefined)} /> {field.title}
      </label>
    );
  }
  return (
    <div class="panels-field">
      <label for={id}>{field.title}</label>
      <Asked id={id} field={field} value={value} keys={keys} onChange={onChange} />
    </div>
  );
}

function Asked({ id, field, value, keys, onChange }: Omit<FieldProps, "config"> & { id: string; value: Json }) {
  const { ask } = field;
  const metrics = keys?.metrics.map((one) => one.key) ?? [];
  switch (ask.kind) {
    case "area":
      return <textarea id={id} rows={10} value={text(value) ?? ""} onInput={(event) => onChange(event.currentTarget.value)} />;
    case "number":
      return <input id={id} type="number" step="any" value={typeof value === "number" ? value : ""} onChange={(event) => onChange(numberIn(event.currentTarget))} />;
    case "choice":
      return <Choice id={id} choices={ask.choices} value={text(value) ?? ""} onChange={onChange} />;
    case "metrics":
      return <NamesField id={id} names={texts(value)} known={metrics} onChange={onChange} />;
    case "metric":
      return <NamesField id={id} names={texts(value)} known={metrics} one onChange={onChange} />;
    case "media":
      return <NamesField id={id} names={texts(value)} known={keys?.media.map((one) => one.key) ?? []} onChange={onChange} />;
    case "along":
      return <Along id={id} value={text(value) ?? "_step"} metrics={metrics} onChange={onChange} />;
    case "accessor":
      return <AccessorField id={id} value={text(value)} keys={keys} onChange={onChange} />;
    case "group":
      return <AccessorField id={id} value={text(value)} keys={keys} group onChange={onChange} />;
    case "columns":
      return <ColumnsField id={id} value={value} keys={keys} onChange={onChange} />;
    default:
      return <input id={id} value={text(value) ?? ""} onInput={(event) => onChange(event.currentTarget.value)} />;
  }
}

function numberIn(input: HTMLInputElement): number | undefined {
  return input.value === "" || Number.isNaN(input.valueAsNumber) ? undefined : input.valueAsNumber;
}

function Choice(props: { id: string; choices: [string, string][]; value: string; onChange: (value: Json) => void }) {
  return (
    <select id={props.id} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
      {props.choices.map(([value, title]) => (
        <option key={value} value={value}>{title}</option>
      ))}
    </select>
  );
}

function Along(props: { id: string; value: string; metrics: string[]; onChange: (value: Json) => void }) {
  const own: [string, string][] = [["_step", "step"], ["_absolute_runtime", "time since the start"], ["_timestamp", "time"]];
  const metrics = [...new Set([...props.metrics, props.value])].filter((name) => !own.some(([known]) => known === name) && name !== "_runtime");
  const value = props.value === "_runtime" ? "_absolute_runtime" : props.value;
  return <Choice {...props} value={value} choices={[...own, ...metrics.map((name): [string, string] => [name, name])]} />;
}

function ColumnsField({ id, value, keys, onChange }: { id: string; value: Json; keys: Keys | undefined; onChange: (value: Json) => void }) {
  const columns = (Array.isArray(value) ? value : []).map(fields);
  const set = (next: Fields[]) => onChange(next as Json);
  return (
    <div id={id} class="panels-rows">
      {columns.map((column, at) => (
        <div key={at} class="panels-row">
          <AccessorField id={`${id}-${at}`} value={text(column["accessor"])} keys={keys} onChange={(accessor) => set(columns.map((one, other) => (other === at ? { ...one, accessor } : one)))} />
          <button class="quiet" aria-label="Remove this column" onClick={() => set(columns.filter((_, other) => other !== at))}>✕</button>
        </div>
      ))}
      <button onClick={() => set([...columns, { accessor: "summary:" }])}>Add a column</button>
    </div>
  );
}
