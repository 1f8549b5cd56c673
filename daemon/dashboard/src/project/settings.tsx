/** The settings of charts: of all at once, or of one. */
import { xTitle, type LineOptions } from "../chart/options";
import type { SmoothKind } from "../chart/smooth";
import type { Along } from "../api";

type Some = Partial<LineOptions>;

export interface SettingsProps {
  options: Some;
  /** Metrics that can be an x axis. */
  metrics: readonly string[];
  onChange: (change: Some) => void;
}

const KINDS: [SmoothKind, string][] = [["ema", "Exponential average"], ["gaussian", "Gaussian"], ["average", "Running average"]];

/** The slider, for the toolbar and the form. */
export function Smoothing({ options, onChange, label = "Smoothing" }: Omit<SettingsProps, "metrics"> & { label?: string }) {
  const { kind, amount } = options.smoothing ?? { kind: "ema" as const, amount: 0 };
  const say = (value: string) => onChange({ smoothing: { kind, amount: Number(value) } });
  return (
    <label class="project-smoothing">
      {label}
      <input type="range" min="0" max="0.99" step="0.01" value={amount} onInput={(event) => say(event.currentTarget.value)} />
      <output>{amount.toFixed(2)}</output>
    </label>
  );
}

/** What x is, for the toolbar and the form. */
export function XAxis({ options, metrics, onChange, label = "X axis" }: SettingsProps & { label?: string }) {
  const { x } = options;
  const value = x === undefined ? "" : typeof x === "object" ? `m:${x.metric}` : x;
  const say = (said: string) => onChange({ x: (said.startsWith("m:") ? { metric: said.slice(2) } : said || undefined) as Along });
  const chosen = typeof x === "object" && !metrics.includes(x.metric) ? [x.metric] : [];
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => say(event.currentTarget.value)}>
        <option value="">as defined, else step</option>
        {(["step", "time", "relative"] as const).map((along) => (
          <option key={along} value={along}>
            {xTitle(along)}
          </option>
        ))}
        <optgroup label="Metrics">
          {[...chosen, ...metrics].map((metric) => (
            <option key={metric} value={`m:${metric}`}>
              {metric}
            </option>
          ))}
        </optgroup>
      </select>
    </label>
  );
}

const FLAGS: [keyof Some, string, boolean][] = [
  ["logX", "Logarithmic x", false],
  ["logY", "Logarithmic y", false],
  ["clip", "Leave outliers out of sight", false],
  ["original", "Original line, faint", true],
  ["band", "Band from least to greatest", true],
];

const ENDS: ["xMin" | "xMax" | "yMin" | "yMax", string][] = [["xMin", "x from"], ["xMax", "to"], ["yMin", "y from"], ["yMax", "to"]];

/** The whole form. */
export function Settings(props: SettingsProps & { onReset?: () => void }) {
  const { options, onChange } = props;
  const { kind, amount } = options.smoothing ?? { kind: "ema" as const, amount: 0 };
  return (
    <div class="project-settings" role="group" aria-label="Chart settings">
      <Smoothing {...props} />
      <label>
        Kind of smoothing
        <select value={kind} onChange={(event) => onChange({ smoothing: { kind: event.currentTarget.value as SmoothKind, amount } })}>
          {KINDS.map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <XAxis {...props} />
      {FLAGS.map(([name, title, normally]) => (
        <label key={name} class="project-check">
          <input
            type="checkbox"
            checked={(options[name] as boolean | undefined) ?? normally}
            onChange={(event) => onChange({ [name]: event.currentTarget.checked })}
          />
          {title}
        </label>
      ))}
      <div class="project-ends">
        {ENDS.map(([name, title]) => (
          <label key={name}>
            {title}
            <input
              type="number"
              step="any"
              placeholder="auto"
              value={options[name] ?? ""}
              onChange={(event) => onChange({ [name]: event.currentTarget.value === "" ? undefined : event.currentTarget.valueAsNumber })}
            />
          </label>
        ))}
      </div>
      {props.onReset && <button onClick={props.onReset}>As all charts</button>}
    </div>
  );
}
