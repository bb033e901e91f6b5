// A service that fails in the eyes of the pods that call it, on a real cluster: relays before a
// model server. Proved from inside the pods, seen by clients as documented, and nothing left.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Event } from "../../src/model/event.ts";
import type { Request } from "../../src/model/request.ts";
import { readRecord } from "../../src/store/read-record.ts";
import { machineSnapshot } from "../support/machine.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "full-faults-dependency";
const EXPERIMENT = "test/support/dependency.experiment.ts";
/** From an edge on, clients may see the one side or the other. */
const BLUR_US = 1_000_000;

interface Report {
  readonly folder: string;
  readonly outcome: string;
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
  // 20 a second of two scenarios, in 13 s.
  expect(met.length).toBeGreaterThan(300);
  return met;
}
const statusOf = (one: Request): number => ("status" in one ? one.status : 0);
const tookMs = (one: Request): number => ("endUs" in one ? (one.endUs - one.startUs) / 1_000 : 0);

test("hangs, refuses and errs: each proved, seen by clients, healed, nothing left", async () => {
  const before = machineSnapshot();
  const ended = await ninety(["run", EXPERIMENT, "--json", "--instance", INSTANCE]);
  const { steps, findings, folder } = JSON.parse(ended.stdout) as Report;
  const wanted = { proved: "proved", healed: "healed", healProved: "proved" };
  expect(steps, ended.stderr.slice(-4_000)).toMatchObject([
    { fault: "dependency-hang", ...wanted },
    { fault: "dependency-refuse", ...wanted },
    { fault: "dependency-error", ...wanted },
  ]);
  expect(notPassed(findings)).toEqual([]);
  const { events, requests } = await readRecord(folder);
  const [hangs, refuses, errs] = (["f01", "f02", "f03"] as const).map((id) =>
    during(id, events, [...requests]),
  ) as [Request[], Request[], Request[]];
  // The relay gives up after 500 ms.
  expect(new Set(hangs.map(statusOf))).toEqual(new Set([504]));
  expect(Math.min(...hangs.map(tookMs))).toBeGreaterThan(495);
  expect(new Set(refuses.map(statusOf))).toEqual(new Set([502]));
  // A half of them; outside of it once in 10^6 runs of 300.
  const errors = errs.filter((one) => statusOf(one) === 500).length;
  expect(new Set(errs.map(statusOf))).toEqual(new Set([200, 500]));
  expect(errors / errs.length).toBeGreaterThan(0.35);
  expect(errors / errs.length).toBeLessThan(0.65);
  expect(machineSnapshot()).toEqual(before);
});
