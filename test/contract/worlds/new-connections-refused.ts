import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { connectionWorld } from "../../support/connection-worlds.ts";
import { caller } from "../../support/dependency-worlds.ts";

const hit = { others: "refused" } as const;
const well = connectionWorld("all are taken", {});

export const cases: readonly FaultCase[] = [
  {
    about: "probes left alone",
    options: {},
    target: caller,
    before: well,
    during: [connectionWorld("others alone meet it", hit)],
    after: [
      connectionWorld("all are taken again", {}),
      connectionWorld("and the pod was not Ready for it", { ready: false }),
      connectionWorld("the pod is gone, and its network", { pod: "gone" }),
      connectionWorld("another pod has its name", { pod: "another" }),
    ],
    otherwise: [
      connectionWorld("the pod itself meets it too", { ...hit, itself: "refused" }),
      connectionWorld("its process does not answer the pod itself", { ...hit, itself: "silence" }),
      connectionWorld("silence", { others: "silence" }),
      connectionWorld("some refused", { others: "some refused" }),
      connectionWorld("another fault", { others: "resets" }),
      connectionWorld("it is not Ready any more", { ...hit, ready: false }),
      connectionWorld("it was started again", { ...hit, restarts: 1 }),
      connectionWorld("it does not run", { ...hit, running: false }),
      connectionWorld("it goes", { ...hit, going: true }),
      connectionWorld("it is gone", { pod: "gone" }),
    ],
    unhealed: [connectionWorld("silence", { others: "silence" })],
  },
  {
    about: "probes met too",
    options: { port: 8_501, affectsProbes: true },
    target: caller,
    before: well,
    during: [
      connectionWorld("others alone meet it", hit),
      connectionWorld("it is not Ready any more", { ...hit, ready: false }),
    ],
    after: [well],
    otherwise: [connectionWorld("it was started again", { ...hit, restarts: 1 })],
  },
];
