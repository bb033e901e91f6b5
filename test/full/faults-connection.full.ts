// Faults on the answers, connections and names that pods have, on a real cluster: each proved, each
// proved gone, seen by clients as documented, and nothing left.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Event } from "../../src/model/event.ts";
import type { Request } from "../../src/model/request.ts";
import { readRecord } from "../../src/store/read-record.ts";
import { machineSnapshot } from "../support/machine.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "full-faults-connection";
const EXPERIMENT = "test/support/faults-connection.experiment.ts";
/** From an edge on, clients may see the one side or the other. */
const BLUR_US = 1_000_000;

interface Report {
  readonly folder: string;
  readonly findings: readonly { readonly check: string; readonly outcome: string }[];
  readonly steps: readonly object[];
}

beforeAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));
afterAll(async () => {
  expect((await ninety(["cluster", "down", "--instance", INSTANCE])).code).toBe(0);
});

/** Requests that were meant to start while a step was there for certain. */
function during(id: string, events: readonly Event[], requests: readonly Request[]) {
  const edge = (name: string): number =>
    events.find((one) => one.type === "fault" && one.id === id && one.edge === name)?.atUs ?? NaN;
  const [fromUs, toUs] = [edge("inject-end") + BLUR_US, edge("heal-begin") - BLUR_US];
  const met = requests.filter(({ intendedUs }) => intendedUs > fromUs && intendedUs < toUs);
  // 20 a second of two scenarios, in 11 s.
  expect(met.length).toBeGreaterThan(250);
  return met;
}
/** Outcomes and statuses of one scenario, or of both. */
function metOf(all: readonly Request[], scenario?: string): readonly string[] {
  const some = all.filter((one) => scenario === undefined || one.scenario === scenario);
  const words = some.map((one) => ("status" in one ? `${one.outcome} ${one.status}` : one.outcome));
  return [...new Set(words)].toSorted();
}

test("eight faults, each proved, seen by clients, healed, nothing left", async () => {
  const before = machineSnapshot();
  const ended = await ninety(["run", EXPERIMENT, "--json", "--instance", INSTANCE]);
  const { steps, findings, folder } = JSON.parse(ended.stdout) as Report;
  const wanted = { proved: "proved", healed: "healed", healProved: "proved" };
  expect(steps, ended.stderr.slice(-4_000)).toMatchObject([
    { fault: "dependency-slow", ...wanted },
    { fault: "dependency-reset", ...wanted },
    { fault: "dependency-truncate", ...wanted },
    { fault: "new-connections-refused", ...wanted },
    { fault: "connection-reset", ...wanted },
    { fault: "dns-failure", ...wanted },
    { fault: "dns-slow", ...wanted },
    { fault: "dns-wrong", ...wanted },
  ]);
  // All relays at once is what is asked: that their budget breaks is foreseen.
  const other = notPassed(findings);
  expect(other).toEqual([]);
  const { events, requests } = await readRecord(folder);
  const [slow, reset, truncated, refused] = (["f01", "f02", "f03", "f04"] as const).map((id) =>
    during(id, events, [...requests]),
  ) as [Request[], Request[], Request[], Request[]];
  // The relay gives up after 500 ms, and passes on how the answers of its upstream end.
  expect(metOf(slow)).toEqual(["http-5xx 504"]);
  expect(metOf(reset)).toEqual(["truncated 200"]);
  const cut = truncated.filter(({ outcome }) => outcome === "truncated").length;
  // A half of them; outside of it once in 10^6 runs of 300.
  expect(cut / truncated.length).toBeGreaterThan(0.35);
  expect(cut / truncated.length).toBeLessThan(0.65);
  expect(metOf(refused, "new")).toEqual(["refused"]);
  expect(metOf(refused, "reused")).toEqual(["ok 200"]);
  expect(machineSnapshot()).toEqual(before);
});
