/** How a version is used elsewhere: lines to copy. */
import { useState } from "preact/hooks";

import type { ArtifactView } from "../api";
import { codeFor } from "./code";
import { fullName, registryOf, type Of } from "./names";
import { Copyable } from "./parts";

export function UseIt({ of, found }: { of: Of; found: ArtifactView }) {
  const number = `v${found.version}`;
  const [version, setVersion] = useState(number);
  const project = registryOf(of.project) === null ? of.project : "my-project";
  return (
    <div class="artifacts-use">
      <label>
        Name it by{" "}
        <select value={version} onChange={(event) => setVersion(event.currentTarget.value)}>
          <option value={number}>its number, {number}</option>
          {found.aliases.map(({ alias }) => (
            <option key={alias} value={alias}>
              the alias {alias}
            </option>
          ))}
          <option value={found.digest}>its digest, which never changes</option>
        </select>
      </label>
      {found.provisional && version === number && (
        <p class="artifacts-why">
          The number is provisional: a remote may give it another. Use an alias or the digest where it has to last.
        </p>
      )}
      {codeFor(fullName(of, version), project).map((lines) => (
        <section key={lines.title} aria-label={lines.title}>
          <h2>{lines.title}</h2>
          <Copyable block text={lines.text} label={lines.title} />
        </section>
      ))}
    </div>
  );
}
