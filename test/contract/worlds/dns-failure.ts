import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { caller } from "../../support/dependency-worlds.ts";
import { nameWorld } from "../../support/name-worlds.ts";

const casesOf = (code: "SERVFAIL" | "NXDOMAIN", other: "SERVFAIL" | "NXDOMAIN"): FaultCase => ({
  about: code,
  options: { name: "server", code },
  target: caller,
  before: nameWorld("is known", { pod: { says: "right" } }),
  during: [nameWorld("the pod alone is told so", { pod: { says: code } })],
  after: [
    nameWorld("is known again", { pod: { says: "right" } }),
    nameWorld("elsewhere", { pod: { says: "wrong" } }),
  ],
  otherwise: [
    nameWorld("everybody is told so", { pod: { says: code }, others: { says: code } }),
    nameWorld("it fails in another way", { pod: { says: other } }),
    nameWorld("each other one fails", { pod: { says: code, twice: true } }),
    nameWorld("silence", { pod: { says: "silence" } }),
  ],
  unhealed: [nameWorld("silence", { pod: { says: "silence" } })],
});

export const cases: readonly FaultCase[] = [
  casesOf("SERVFAIL", "NXDOMAIN"),
  casesOf("NXDOMAIN", "SERVFAIL"),
  {
    ...casesOf("SERVFAIL", "NXDOMAIN"),
    about: "every name",
    options: { name: "*", lookup: "server" },
  },
];
