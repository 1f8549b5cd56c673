// @vitest-environment node
import { describe, expect, it } from "vitest";

import { systemGroups } from "./system-data";

const said = (keys: string[]) => systemGroups(keys).map(({ name, panels }) => [name, panels.map((panel) => `${panel.title} [${panel.unit}] ${panel.labels.join("+")}`)]);

describe("metrics of the machine", () => {
  it("of pannier", () => {
    const keys = ["system.cpu", "system.memory_percent", "system.memory_used_bytes", "system.network.sent", "system.network.recv", "system.disk.usage_percent", "system.disk.in_bytes", "system.proc.cpu_percent", "system.proc.memory.rss_bytes", "system.proc.memory.percent"];
    expect(said(keys)).toEqual([
      ["CPU", ["Utilization [%] Utilization"]],
      ["Memory", ["Memory in use [%] Memory in use", "Memory in use [bytes] Memory in use"]],
      ["Disk", ["Read [bytes] Read", "In use [%] In use"]],
      ["Network", ["Received [bytes] Received", "Sent [bytes] Sent"]],
      ["Process", ["CPU [%] CPU", "Share of memory [%] Share of memory", "Resident memory [bytes] Resident memory"]],
    ]);
  });
  it("of W&B's SDK, devices together", () => {
    const keys = ["system.gpu.10.temp", "system.gpu.0.temp", "system.gpu.0.powerWatts", "system.gpu.process.0.gpu", "system.disk./.usageGB", "system.disk.vda.in", "system.cpu.0.cpu_percent", "system.cpu.1.cpu_percent", "system.proc.memory.availableMB", "system.network.tcpRetransmits"];
    expect(said(keys)).toEqual([
      ["GPU", ["Power [W] GPU 0", "Temperature [°C] GPU 0+GPU 10", "Utilization by the process [] GPU 0"]],
      ["CPU", ["Utilization [%] CPU 0+CPU 1"]],
      ["Disk", ["In use [GB] /", "Read [MB] vda"]],
      ["Network", ["TCP retransmits [] TCP retransmits"]],
      ["Process", ["Memory available [MB] Memory available"]],
    ]);
  });
  it("of kinds that nobody foresaw are shown all the same", () => expect(said(["system.someThing.new_kind"])).toEqual([["Other", ["New kind [] New kind"]]]));
});
