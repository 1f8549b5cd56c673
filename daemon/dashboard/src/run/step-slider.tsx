/** Chooses one of the steps at which something was logged: by mouse, finger or arrow keys. */
import { number } from "../ui/format";

export function StepSlider(props: { label: string; steps: readonly number[]; at: number; onAt: (at: number) => void }) {
  const { steps, at, onAt } = props;
  if (steps.length < 2) return steps.length === 1 ? <span class="dim">step {number(steps[0])}</span> : null;
  const said = `step ${number(steps[at])}`;
  return (
    <div class="run-steps">
      <button class="quiet" aria-label={`Step before, ${props.label}`} disabled={at === 0} onClick={() => onAt(at - 1)}>
        ‹
      </button>
      <input
        type="range"
        min={0}
        max={steps.length - 1}
        value={at}
        aria-label={`Step of ${props.label}`}
        aria-valuetext={said}
        onInput={(event) => onAt(Number(event.currentTarget.value))}
      />
      <button class="quiet" aria-label={`Step after, ${props.label}`} disabled={at >= steps.length - 1} onClick={() => onAt(at + 1)}>
        ›
      </button>
      <output>{said}</output>
    </div>
  );
}
