// @vitest-environment node
import { describe, expect, it } from "vitest";

import type { JsonValue } from "../api";
import { alertsOf, machineFacts, programFacts, runtime, word } from "./facts";

const said = (facts: { name: string; value: string }[]) => Object.fromEntries(facts.map(({ name, value }) => [name, value]));

describe("facts", () => {
  it("of a run of ours", () => {
    const metadata = {
      host: { name: "n1", os: "Linux 6", cpu: "EPYC", cpu_count: 8, memory_bytes: 16e9 },
      program: { argv: ["train.py", "--name", "a b"], python: "3.11.7", implementation: "cpython", cwd: "/w" },
      git: { commit: "abc", remote: "git@e.org:x", dirty: true },
      slurm: { SLURM_JOB_ID: "7" },
    };
    expect(said(machineFacts({ metadata }))).toEqual({ Host: "n1", OS: "Linux 6", Python: "cpython 3.11.7", CPU: "8 × EPYC", Memory: "16 GB" });
    expect(said(programFacts({ metadata }))).toMatchObject({ Command: "python train.py --name 'a b'", "Git commit": "abc", "Slurm job id": "7" });
  });
  it("of a run of W&B's SDK", () => {
    const sdk = { host: "n2", os: "Linux", python: "3.12", gpu_nvidia: [{ name: "H100" }, { name: "H100" }], program: "a.py", args: ["-x"], memory: { total: "1000" } };
    const metadata = { program: { path: "a.py" }, wandb: { e: { writer: sdk } } };
    expect(said(machineFacts({ metadata }))).toMatchObject({ Host: "n2", GPU: "2 × H100", Memory: "1.0 KB" });
    expect(said(programFacts({ metadata }))).toEqual({ Command: "python a.py -x" });
  });
  it("that are not known are not said", () => expect([...machineFacts({ metadata: {} }), ...programFacts({ metadata: { program: 3, wandb: { e: [] } } as never })]).toEqual([]));
  it("words of a shell", () => expect(["a-b", "it's", "$(x)"].map(word)).toEqual(["a-b", "'it'\\''s'", "'$(x)'"]));
  it("alerts, the newest first", () => {
    const metadata: { [key: string]: JsonValue } = { alerts: [{ title: "a", text: "x", level: "WARN", time: 2.5 }, "bad", { level: "LOUD" } as JsonValue] };
    expect(alertsOf({ metadata })).toEqual([
      { title: "Alert", text: "", level: "INFO", time_us: 0 },
      { title: "a", text: "x", level: "WARN", time_us: 2.5e6 },
    ]);
    expect(alertsOf({ metadata: {} })).toEqual([]);
  });
  it("how long it ran", () => {
    const run = { created_us: 1e6, updated_us: 61e6, summary: {} };
    expect(runtime({ ...run, state: "finished" })).toBe(60);
    expect(runtime({ ...run, state: "running" }, 101_000)).toBe(100);
    expect(runtime({ ...run, state: "failed", summary: { _runtime: 42 } })).toBe(42);
  });
});
