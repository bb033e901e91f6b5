import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { caller, world } from "../../support/dependency-worlds.ts";

export const cases: readonly FaultCase[] = [
  {
    about: "all requests",
    options: { host: "server.shop" },
    target: caller,
    before: world("is served", { pod: 404 }),
    during: [world("the pod alone gets errors", { pod: 503 })],
    after: [world("is served again", { pod: 404 })],
    otherwise: [
      world("errors for everybody", { pod: 503, others: 503 }),
      world("some for others too", { pod: 503, others: { status: 503, every: 5 } }),
      world("others are not answered", { pod: 503, others: "silent" }),
      world("another error", { pod: 500 }),
      world("far fewer than wanted", { pod: { status: 503, every: 5 } }),
      world("silent", { pod: "silent" }),
      world("refuses", { pod: "refuses" }),
    ],
    unhealed: [
      world("still one of five", { pod: { status: 503, every: 5 } }),
      world("silent", { pod: "silent" }),
    ],
  },
  {
    about: "one in four",
    options: { host: "server.shop", status: 429, rate: "25%" },
    target: caller,
    before: world("is served", { pod: 404 }),
    during: [
      world("one in four gets an error", { pod: { status: 429, every: 4 } }),
      world("one in five does", { pod: { status: 429, every: 5 } }),
    ],
    after: [world("is served again", { pod: 200 })],
    otherwise: [
      world("all of them", { pod: 429 }),
      world("with another status", { pod: { status: 503, every: 4 } }),
      world("for everybody", {
        pod: { status: 429, every: 4 },
        others: { status: 429, every: 4 },
      }),
    ],
  },
];
