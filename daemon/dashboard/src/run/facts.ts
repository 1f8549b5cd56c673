/**
 * The facts about a run's machine and program, in words. Pure. They stand in the
 * run's metadata: ours under our names, those of W&B's SDK in a part of their own.
 */
import type { RunItem } from "../api";
import { bytes } from "../ui/format";
import { array, isObject, text } from "./media-data";

export interface Fact {
  name: string;
  value: string;
  /** Shown as code. */
  code?: boolean;
  /** Where it leads. */
  href?: string;
}

/** The fact that says whether the sources were as they were committed, and the file that says how they differ. */
export const DIRTY = "Git state";
export const DIFF = "diff.patch";

type Json = Record<string, unknown>;

/** What is at a dotted path. */
function at(from: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), from);
}

/** The first of several paths that says something. */
function first(from: readonly unknown[], ...paths: string[]): string {
  for (const path of paths) {
    for (const one of from) {
      const said = text(at(one, path));
      if (said) return said;
    }
  }
  return "";
}

/** What W&B's SDK found out, as the first program of a run said it. */
function sdkFacts(metadata: unknown): Json {
  return Object.values(objectAt(metadata, "wandb.e")).find(isObject) ?? {};
}

/** The machine. */
export function machineFacts({ metadata }: Pick<RunItem, "metadata">): Fact[] {
  const sdk = sdkFacts(metadata);
  const all = [metadata, sdk];
  const memory = Number(first(all, "host.memory_bytes", "memory.total"));
  const facts: Fact[] = [
    { name: "Host", value: first(all, "host.name", "host") },
    { name: "OS", value: first(all, "host.os", "os") },
    { name: "Python", value: [first(all, "program.implementation"), first(all, "program.python", "python")].filter(Boolean).join(" ") },
    { name: "CPU", value: counted(first(all, "host.cpu", "cpu.model", "cpu_model"), first(all, "host.cpu_count", "cpu_count_logical", "cpu_count")) },
    { name: "Memory", value: memory > 0 ? bytes(memory) : "" },
    { name: "GPU", value: gpus(metadata) || gpus(sdk) },
    { name: "CUDA", value: first(all, "cudaVersion", "host.cuda") },
    { name: "User", value: first(all, "username", "program.user") },
    { name: "Process", value: first(all, "program.pid") },
  ];
  return facts.filter(({ value }) => value !== "");
}

function counted(name: string, count: string): string {
  if (!count) return name;
  return name ? `${count} × ${name}` : `${count} cores`;
}

function gpus(from: unknown): string {
  const list = [...array(at(from, "gpu_nvidia")), ...array(at(from, "host.gpus")), ...array(at(from, "gpu_amd"))];
  const names = list.map((one) => (isObject(one) ? text(one["name"]) || text(one["model"]) : text(one))).filter(Boolean);
  if (names.length === 0) return counted(text(at(from, "gpu")) || text(at(from, "host.gpu")), text(at(from, "gpu_count")));
  const by = new Map<string, number>();
  for (const name of names) by.set(name, (by.get(name) ?? 0) + 1);
  return [...by].map(([name, count]) => (count > 1 ? `${count} × ${name}` : name)).join(", ");
}

/** What was run, and of which state of the sources. */
export function programFacts({ metadata }: Pick<RunItem, "metadata">): Fact[] {
  const sdk = sdkFacts(metadata);
  const all = [metadata, sdk];
  const dirty = at(metadata, "git.dirty");
  const facts: Fact[] = [
    { name: "Command", value: commandLine(metadata, sdk), code: true },
    { name: "Directory", value: first(all, "program.cwd", "root"), code: true },
    { name: "Python at", value: first(all, "program.executable", "executable"), code: true },
    { name: "Git remote", value: first(all, "git.remote", "git.remote_url"), code: true },
    { name: "Git branch", value: first(all, "git.branch"), code: true },
    { name: "Git commit", value: first(all, "git.commit"), code: true },
    { name: DIRTY, value: dirty === true ? `with changes that were not committed: ${DIFF}` : dirty === false ? "as committed" : "" },
    ...Object.entries({ ...objectAt(sdk, "slurm"), ...objectAt(metadata, "slurm") }).map(([name, value]) => ({ name: `Slurm ${slurmName(name)}`, value: text(value) })),
  ];
  return facts.filter(({ value }) => value !== "");
}

function objectAt(from: unknown, path: string): Json {
  const found = at(from, path);
  return isObject(found) ? found : {};
}

function slurmName(name: string): string {
  return name.replace(/^SLURM_/i, "").toLowerCase().replaceAll("_", " ");
}

function commandLine(metadata: unknown, sdk: Json): string {
  const argv = array(at(metadata, "program.argv")).map(String);
  if (argv.length > 0) return ["python", ...argv].map(word).join(" ");
  const program = text(at(sdk, "program"));
  return program ? ["python", program, ...array(at(sdk, "args")).map(String)].map(word).join(" ") : "";
}

/** Text as one word of a shell. */
export function word(said: string): string {
  return /^[\p{L}\p{N}._/@+=:,*-]+$/u.test(said) ? said : `'${said.replaceAll("'", "'\\''")}'`;
}

/** The run's time, in seconds: up to its last record. */
export function runtime(run: Pick<RunItem, "created_us" | "updated_us" | "state" | "summary">, now = Date.now()): number {
  const said = Number((run.summary["_runtime"] as unknown) ?? at(run.summary, "_wandb.runtime"));
  if (run.state === "running") return Math.max(0, now / 1000 - run.created_us / 1e6);
  return Number.isFinite(said) && said > 0 ? said : Math.max(0, (run.updated_us - run.created_us) / 1e6);
}

export interface Alert {
  title: string;
  text: string;
  level: "INFO" | "WARN" | "ERROR";
  time_us: number;
}

/** What the program wanted somebody to know, the newest first. */
export function alertsOf({ metadata }: Pick<RunItem, "metadata">): Alert[] {
  const alerts = array(metadata["alerts"]).filter(isObject).map((one): Alert => {
    const level = text(one["level"]);
    return {
      title: text(one["title"]) || "Alert",
      text: text(one["text"]),
      level: level === "WARN" || level === "ERROR" ? level : "INFO",
      time_us: Number(one["time"] ?? 0) * 1e6 || 0,
    };
  });
  return alerts.reverse();
}
