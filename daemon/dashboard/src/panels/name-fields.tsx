/** Fields for names of metrics and of fields of runs, which suggest what runs have logged. */
import { useState } from "preact/hooks";

import type { Keys } from "../api";
import { groupKey, parseKey, plainConfig } from "./fields";
import type { Json, Key } from "./spec";

/** Several names, or one. */
export function NamesField(props: { id: string; names: string[]; known: string[]; one?: boolean; onChange: (value: Json) => void }) {
  const { id, names, known, one } = props;
  const [text, setText] = useState("");
  const add = (name: string) => {
    const said = name.trim();
    if (said && !names.includes(said)) props.onChange(one ? [said] : [...names, said]);
    setText("");
  };
  return (
    <div class="panels-names">
      {names.map((name) => (
        <span key={name} class="panels-chip">
          {name}
          <button class="quiet" aria-label={`Remove ${name}`} onClick={() => props.onChange(names.filter((other) => other !== name))}>✕</button>
        </span>
      ))}
      <input
        id={id}
        list={`${id}-known`}
        placeholder={one && names.length > 0 ? "another instead" : "name of a metric"}
        value={text}
        onInput={(event) => {
          const { value } = event.currentTarget;
          // Chosen from the list, it is whole.
          if (known.includes(value) && !("data" in event && (event as InputEvent).inputType === "insertText")) add(value);
          else setText(value);
        }}
        onKeyDown={(event) => event.key === "Enter" && (event.preventDefault(), add(text))}
        onBlur={() => add(text)}
      />
      <datalist id={`${id}-known`}>
        {known.filter((name) => !names.includes(name)).map((name) => <option key={name} value={name} />)}
      </datalist>
    </div>
  );
}

const SECTIONS: [string, string][] = [["summary", "summary"], ["config", "config"], ["run", "run"]];
const RUN = ["displayName", "state", "tags", "group", "jobType", "createdAt", "duration", "username", "name"];

/** A field of runs: where it is, and its name. */
export function KeyField(props: { id: string; value: Key; keys: Keys | undefined; onChange: (key: Key) => void }) {
  const { id, value, keys } = props;
  const known = { summary: keys?.summary, config: keys?.config, run: RUN }[value.section] ?? [];
  return (
    <span class="panels-key">
      <select aria-label="Where the field is" value={value.section} onChange={(event) => props.onChange({ ...value, section: event.currentTarget.value })}>
        {SECTIONS.map(([section, title]) => <option key={section} value={section}>{title}</option>)}
      </select>
      <input id={id} list={`${id}-known`} placeholder="name" value={value.section === "config" ? plainConfig(value.name) : value.name} onChange={(event) => props.onChange({ ...value, name: event.currentTarget.value.trim() })} />
      <datalist id={`${id}-known`}>
        {known.map((name) => <option key={name} value={name} />)}
      </datalist>
    </span>
  );
}

/** The same as one text, as panels name fields. */
export function AccessorField(props: { id: string; value: string | undefined; keys: Keys | undefined; group?: boolean; onChange: (value: Json) => void }) {
  const { group = false } = props;
  const [section, setSection] = useState<string | null>(null);
  const said = props.value && props.value !== "None" ? (group ? groupKey(props.value) : parseKey(props.value)) : { section: group ? "config" : "summary", name: "" };
  const key = { ...said, section: section ?? said.section };
  const change = (next: Key) => {
    setSection(next.section);
    props.onChange(next.name === "" ? undefined : accessor(next, group));
  };
  return <KeyField id={props.id} value={key} keys={props.keys} onChange={change} />;
}

/** A config key in W&B's envelope: `a.b` is `a.value.b`. */
export function enveloped(name: string): string {
  const [first, ...rest] = plainConfig(name).split(".");
  return [first, "value", ...rest].join(".");
}

/** `config:lr.value`; as W&B groups panels: `lr.value`. */
export function accessor({ section, name }: Key, group: boolean): string {
  const plain = section === "config" ? enveloped(name) : name;
  if (group) return section === "summary" ? `summary.${plain}` : plain;
  return `${section}:${plain}`;
}
