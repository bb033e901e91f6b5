import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { caller, world } from "../../support/dependency-worlds.ts";

export const cases: readonly FaultCase[] = [
  {
    about: "all requests",
    options: { host: "server.shop" },
    target: caller,
    before: world("is served", { pod: 404 }),
    during: [world("the pod's answers alone end so", { pod: { ends: "short", every: 1 } })],
    after: [world("is served again", { pod: 404 })],
    otherwise: [
      world("those of everybody", {
        pod: { ends: "short", every: 1 },
        others: { ends: "short", every: 1 },
      }),
      world("some of others too", {
        pod: { ends: "short", every: 1 },
        others: { ends: "short", every: 5 },
      }),
      world("they end in another way", { pod: { ends: "reset", every: 1 } }),
      world("far fewer than wanted", { pod: { ends: "short", every: 5 } }),
      world("silent", { pod: "silent" }),
      world("refuses", { pod: "refuses" }),
      world("errors", { pod: 503 }),
      world("answers have no body any more", { pod: "bare", others: "bare" }),
    ],
    unhealed: [
      world("still one of five", { pod: { ends: "short", every: 5 } }),
      world("refuses", { pod: "refuses" }),
      world("answers without a body", { pod: "bare" }),
    ],
  },
  {
    about: "one in four",
    options: { host: "server.shop", rate: "25%" },
    target: caller,
    before: world("is served", { pod: 404 }),
    during: [world("one in four ends so", { pod: { ends: "short", every: 4 } })],
    after: [world("is served again", { pod: 200 })],
    otherwise: [world("all of them", { pod: { ends: "short", every: 1 } })],
  },
];
