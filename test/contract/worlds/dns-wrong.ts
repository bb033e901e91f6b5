import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { caller } from "../../support/dependency-worlds.ts";
import { nameWorld } from "../../support/name-worlds.ts";

export const cases: readonly FaultCase[] = [
  {
    about: "an address that nobody has",
    options: { name: "server" },
    target: caller,
    before: nameWorld("is known", { pod: { says: "right" } }),
    during: [nameWorld("the pod alone is misled", { pod: { says: "wrong" } })],
    after: [nameWorld("is known again", { pod: { says: "right" } })],
    otherwise: [
      nameWorld("everybody is misled", { pod: { says: "wrong" }, others: { says: "wrong" } }),
      nameWorld("others know nothing", { pod: { says: "wrong" }, others: { says: "silence" } }),
      nameWorld("each other one is wrong", { pod: { says: "wrong", twice: true } }),
      nameWorld("fails", { pod: { says: "NXDOMAIN" } }),
    ],
    unhealed: [
      nameWorld("each other one is wrong", { pod: { says: "wrong", twice: true } }),
      nameWorld("fails", { pod: { says: "NXDOMAIN" } }),
    ],
  },
];
