import { expect, test } from "vitest";

import { button, press, root, server, show, writes } from "../artifacts/testing";
import Page from "./page";

const at = (queued: number, parked: string | null) => ({
  state: parked ? "failed" : queued > 0 ? "queued" : "sent", last_step: 1, records: 5, records_queued: queued, bytes_queued: queued * 100, oldest_unsent_us: null, parked, last_error: null,
});
const status = {
  version: "0.9", pid: 7, origin: "a", home: "/home/ann/pannier", uptime_s: 100, writers: 1, spool_bytes: 0, storing: 0,
  disk: { home_bytes: 3e9, blob_bytes: 2e9, free_bytes: 5e9, budget_bytes: 1e9 }, runs_left_out: 0,
  remotes: [
    { name: "hub", url: "https://hub", state: "unreachable", last_error: "no route", retry_in_s: 42, records_queued: 3, bytes_queued: 300, records_sent: 5, last_contact_us: null },
  ],
  runs: [
    { name: "calm", state: "failed", last_step: 4, records: 8, remotes: { hub: at(3, "alias is protected") }, entity: "e", project: "p", run: "r1" },
    { name: "", state: null, last_step: null, records: 2, remotes: { hub: at(0, null) }, entity: "e", project: "p", run: "_" },
  ],
  problems: [
    { object: "hub", what: "no route", hint: "", time_us: 1e15, count: 1 },
    { object: "home", what: "the disk is full", hint: "`pannier gc` makes room", time_us: 1e15, count: 3 },
  ],
};

test("what waits, why, and the button that tries again", async () => {
  server({ "/v1/status": status });
  await show(<Page />);
  const text = root().textContent!;
  for (const said of ["3 records", "no route", "Next try in 42 s", "alias is protected", "the disk is full", "5.0 GB on its disk", "1.0 GB for files, which is exceeded"]) {
    expect(text).toContain(said);
  }
  expect(text.split("no route")).toHaveLength(2);
  expect(root().querySelector("code")!.textContent).toBe("pannier gc");
  expect(root().querySelector('a[href="/e/p"]')!.textContent).toBe("e/p");
  await press("Retry hub now");
  expect(writes()).toEqual([{ method: "POST", to: "/v1/remotes/hub/retry", body: {} }]);
});

test("at a hub it is for administrators, and that is explained", async () => {
  server({ "/v1/status": [403, { error: "not yours" }] });
  await show(<Page />);
  expect(root().textContent).toContain("Only administrators see the state of this hub");
  expect(() => button("Try again")).toThrow();
});
