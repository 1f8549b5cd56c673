/** Metrics of the machine: in groups, with titles and units. Pure. */

export interface SystemPanel {
  title: string;
  unit: string;
  keys: string[];
  /** The label of each key, where there are several. */
  labels: string[];
}

export interface SystemGroup {
  name: string;
  panels: SystemPanel[];
}

const GROUPS = ["GPU", "CPU", "Memory", "Disk", "Network", "Process", "Other"];

/** What a name's last part says about its unit. */
const UNITS: [RegExp, string][] = [
  [/percent$|usagepercent$/i, "%"],
  [/MB$|availableMB$/, "MB"],
  [/GB$/, "GB"],
  [/bytes$/i, "bytes"],
  [/\.temp$|temperature/i, "°C"],
  [/watts$/i, "W"],
  [/mhz$|clock/i, "MHz"],
  [/^system\.cpu$|^system\.cpu\.\d+\.cpu_percent$/, "%"],
  [/^system\.gpu\.\d+\.(gpu|memory|memoryallocated)$/i, "%"],
  [/^system\.network\.(sent|recv)$/, "bytes"],
  [/^system\.disk\.[^.]+\.(in|out)$/, "MB"],
  [/^system\.disk\.(in|out)$/, "MB"],
];

const NAMES: Record<string, string> = {
  gpu: "Utilization",
  memory: "Memory access",
  memoryallocated: "Memory in use",
  memoryallocatedbytes: "Memory in use",
  temp: "Temperature",
  powerwatts: "Power",
  powerpercent: "Power",
  enforcedpowerlimitwatts: "Power limit",
  cpu: "Utilization",
  cpu_percent: "Utilization",
  memory_percent: "Memory in use",
  memory_used_bytes: "Memory in use",
  sent: "Sent",
  recv: "Received",
  in: "Read",
  out: "Written",
  in_bytes: "Read",
  out_bytes: "Written",
  usage_percent: "In use",
  usagepercent: "In use",
  usagegb: "In use",
  tcpretransmits: "TCP retransmits",
  threads: "Threads",
  rssmb: "Resident memory",
  rss_bytes: "Resident memory",
  availablemb: "Memory available",
  percent: "Share of memory",
};

function groupOf(key: string): string {
  const name = key.replace(/^system\./, "");
  if (/^(gpu|tpu|trn|ipu)\b/i.test(name)) return "GPU";
  if (/^proc\b/i.test(name)) return "Process";
  if (/^cpu\b/i.test(name)) return "CPU";
  if (/^memory/i.test(name)) return "Memory";
  if (/^disk\b/i.test(name)) return "Disk";
  if (/^network\b/i.test(name)) return "Network";
  return "Other";
}

function unitOf(key: string): string {
  return UNITS.find(([pattern]) => pattern.test(key))?.[1] ?? "";
}

/** A name without the number of its device, and the device. */
function partsOf(key: string): { stem: string; device: string } {
  const name = key.replace(/^system\./, "");
  // `gpu.0.temp`, `gpu.process.0.temp`, `cpu.3.cpu_percent`, `disk.vda.in`, `disk./.usageGB`
  const numbered = /^(gpu(?:\.process)?|tpu|trn|cpu|disk)\.([^.]*)\.(.+)$/i.exec(name);
  return numbered ? { stem: `${numbered[1]}.${numbered[3]}`, device: numbered[2]! } : { stem: name, device: "" };
}

function titleOf(stem: string, group: string): string {
  const parts = stem.split(".");
  const last = parts[parts.length - 1]!;
  const name = NAMES[last.toLowerCase()] ?? words(last);
  if (/^gpu\.process\./i.test(stem)) return `${name} by the process`;
  if (stem.startsWith("proc.cpu") && last === "percent") return "CPU";
  if (group === "Process" && last.startsWith("cpu")) return "CPU";
  return name;
}

function words(name: string): string {
  const spaced = name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

const compare = new Intl.Collator("en", { numeric: true }).compare;

/** The panels: one for all devices of a kind. */
export function systemGroups(keys: readonly string[]): SystemGroup[] {
  const groups = new Map<string, Map<string, SystemPanel>>(GROUPS.map((name) => [name, new Map()]));
  for (const key of [...keys].sort(compare)) {
    const group = groupOf(key);
    const { stem, device } = partsOf(key);
    const panels = groups.get(group)!;
    const panel = panels.get(stem) ?? { title: titleOf(stem, group), unit: unitOf(key), keys: [], labels: [] };
    panel.keys.push(key);
    panel.labels.push(device === "" ? panel.title : /^\d+$/.test(device) ? `${group} ${device}` : device);
    panels.set(stem, panel);
  }
  const list = [...groups].map(([name, panels]) => ({ name, panels: [...panels.values()] }));
  return list.filter(({ panels }) => panels.length > 0);
}
