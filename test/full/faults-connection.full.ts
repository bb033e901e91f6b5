// Faults on the answers, connections and names that pods have, on a real cluster: each proved, each
// proved gone, seen by clients as documented, and nothing left.
import { expect, test } from "vitest";
import type { Request } from "../../src/model/request.ts";
import { clusterApart, during, ran } from "../support/full-faults.ts";
import { machineSnapshot } from "../support/machine.ts";
import { notPassed } from "../support/not-passed.ts";

const INSTANCE = "full-faults-connection";
const EXPERIMENT = "test/support/faults-connection.experiment.ts";
/** 20 a second of two scenarios, in 11 s. */
const MET_MIN = 250;
/** What a relay kept from before is reset at its next use, once each: it says 502. */
const KEPT_MAX = 5;

type Met = readonly Request[];

clusterApart(INSTANCE);

/** Outcomes and statuses of one scenario, or of both. */
function metOf(all: readonly Request[], scenario?: string): readonly string[] {
  const some = all.filter((one) => scenario === undefined || one.scenario === scenario);
  const words = some.map((one) => ("status" in one ? `${one.outcome} ${one.status}` : one.outcome));
  return [...new Set(words)].toSorted();
}

/** Without those that met a connection of before the fault. */
function fresh(all: Met): Met {
  const kept = all.filter((one) => "status" in one && one.status === 502);
  expect(kept.length).toBeLessThanOrEqual(KEPT_MAX);
  return all.filter((one) => !kept.includes(one));
}

test("eight faults, each proved, seen by clients, healed, nothing left", async () => {
  const before = machineSnapshot();
  const { steps, findings, record, said } = await ran(EXPERIMENT, INSTANCE);
  const wanted = { proved: "proved", healed: "healed", healProved: "proved" };
  expect(steps, said).toMatchObject([
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
  const [slow, reset, truncated, refused] = (["f01", "f02", "f03", "f04"] as const).map((id) =>
    during(record, id, MET_MIN),
  ) as [Met, Met, Met, Met];
  // The relay gives up after 500 ms, and passes on how the answers of its upstream end.
  expect(metOf(fresh(slow))).toEqual(["http-5xx 504"]);
  expect(metOf(fresh(reset))).toEqual(["truncated 200"]);
  const cut = truncated.filter(({ outcome }) => outcome === "truncated").length;
  // A half of them; outside of it once in 10^6 runs of 300.
  expect(cut / truncated.length).toBeGreaterThan(0.35);
  expect(cut / truncated.length).toBeLessThan(0.65);
  expect(metOf(refused, "new")).toEqual(["refused"]);
  expect(metOf(refused, "reused")).toEqual(["ok 200"]);
  expect(machineSnapshot()).toEqual(before);
});
