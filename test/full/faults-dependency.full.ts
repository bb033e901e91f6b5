// A service that fails in the eyes of the pods that call it, on a real cluster: relays before a
// model server. Proved from inside the pods, seen by clients as documented, and nothing left.
import { expect, test } from "vitest";
import type { Request } from "../../src/model/request.ts";
import { clusterApart, during, ran } from "../support/full-faults.ts";
import { machineSnapshot } from "../support/machine.ts";
import { notPassed } from "../support/not-passed.ts";

const INSTANCE = "full-faults-dependency";
const EXPERIMENT = "test/support/dependency.experiment.ts";
/** 20 a second of two scenarios, in 13 s. */
const MET_MIN = 300;

type Met = readonly Request[];

clusterApart(INSTANCE);

const statusOf = (one: Request): number => ("status" in one ? one.status : 0);
const tookMs = (one: Request): number => ("endUs" in one ? (one.endUs - one.startUs) / 1_000 : 0);

test("hangs, refuses and errs: each proved, seen by clients, healed, nothing left", async () => {
  const before = machineSnapshot();
  const { steps, findings, record, said } = await ran(EXPERIMENT, INSTANCE);
  const wanted = { proved: "proved", healed: "healed", healProved: "proved" };
  expect(steps, said).toMatchObject([
    { fault: "dependency-hang", ...wanted },
    { fault: "dependency-refuse", ...wanted },
    { fault: "dependency-error", ...wanted },
  ]);
  expect(notPassed(findings)).toEqual([]);
  const [hangs, refuses, errs] = (["f01", "f02", "f03"] as const).map((id) =>
    during(record, id, MET_MIN),
  ) as [Met, Met, Met];
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
