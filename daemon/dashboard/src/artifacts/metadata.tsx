/** A JSON value as a tree that opens and closes. */
import type { JsonValue } from "../api";
import { number } from "../ui/format";
import { Empty } from "../ui/state";

export function Metadata({ value }: { value: JsonValue | null }) {
  const empty = value === null || (typeof value === "object" && Object.keys(value).length === 0);
  if (empty) {
    return (
      <Empty title="No metadata">
        <p>
          Give it some where it is made: <code>Artifact(name, type, metadata={"{…}"})</code>
        </p>
      </Empty>
    );
  }
  return (
    <div class="artifacts-tree">
      <Members value={value} depth={0} />
    </div>
  );
}

const OPEN_DEPTH = 2;
const MANY = 30;

function Members({ value, depth }: { value: JsonValue; depth: number }) {
  return (
    <ul>
      {Object.entries(value as Record<string, JsonValue>).map(([name, member]) => (
        <li key={name}>
          <Member name={name} value={member} depth={depth} />
        </li>
      ))}
    </ul>
  );
}

function Member({ name, value, depth }: { name: string; value: JsonValue; depth: number }) {
  const size = typeof value === "object" && value !== null ? Object.keys(value).length : 0;
  if (size === 0) {
    return (
      <>
        <span class="artifacts-key">{name}</span> <Leaf value={value} />
      </>
    );
  }
  return (
    <details open={depth < OPEN_DEPTH && size <= MANY}>
      <summary>
        <span class="artifacts-key">{name}</span> <span class="dim">{Array.isArray(value) ? `[${size}]` : `{${size}}`}</span>
      </summary>
      <Members value={value} depth={depth + 1} />
    </details>
  );
}

function Leaf({ value }: { value: JsonValue }) {
  if (typeof value === "number") return <code title={String(value)}>{number(value)}</code>;
  return <code class="artifacts-text">{typeof value === "string" ? value : JSON.stringify(value)}</code>;
}
