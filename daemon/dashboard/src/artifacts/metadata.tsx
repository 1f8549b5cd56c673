/** What was said of a version when it was made, as a tree. */
import type { JsonValue } from "../api";
import { Tree } from "../run/tree";
import "../run/run.css";

export function Metadata({ value }: { value: JsonValue | null }) {
  const members = value !== null && typeof value === "object" && !Array.isArray(value) ? value : value === null ? {} : { metadata: value };
  return <Tree title="Metadata" value={members} empty="None. Artifact(name, type, metadata={…}) gives it some." />;
}
