import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { caller } from "../../support/dependency-worlds.ts";
import { nameWorld } from "../../support/name-worlds.ts";

export const cases: readonly FaultCase[] = [
  {
    about: "half a second",
    options: { name: "server", delay: "500ms" },
    target: caller,
    before: nameWorld("is known at once", { pod: { says: "right" } }),
    during: [
      nameWorld("late to the pod alone", { pod: { says: "right", tookMs: 505 } }),
      nameWorld("by four questions", { pod: { says: "right", tookMs: 2_020 } }),
    ],
    after: [nameWorld("is known at once again", { pod: { says: "right", tookMs: 4 } })],
    otherwise: [
      nameWorld("late to everybody", {
        pod: { says: "right", tookMs: 505 },
        others: { says: "right", tookMs: 505 },
      }),
      nameWorld("not as late", { pod: { says: "right", tookMs: 400 } }),
      nameWorld("fails late", { pod: { says: "SERVFAIL", tookMs: 600 } }),
      nameWorld("others know nothing", {
        pod: { says: "right", tookMs: 505 },
        others: { says: "silence" },
      }),
    ],
    unhealed: [nameWorld("fails", { pod: { says: "SERVFAIL" } })],
  },
];
