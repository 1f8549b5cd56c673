/** A component that is drawn anew only when what it is given changes. */
import { Component, type ComponentType, type JSX } from "preact";

export function memo<P extends object>(Inner: (props: P) => JSX.Element): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const before = this.props as Record<string, unknown>;
      const after = next as Record<string, unknown>;
      return Object.keys({ ...before, ...after }).some((name) => name !== "children" && before[name] !== after[name]);
    }
    override render(props: P): JSX.Element {
      return Inner(props);
    }
  } as unknown as ComponentType<P>;
}
