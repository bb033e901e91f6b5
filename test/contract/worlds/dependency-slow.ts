import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { caller, world } from "../../support/dependency-worlds.ts";

export const cases: readonly FaultCase[] = [
  {
    about: "all requests",
    options: { host: "server.shop", delay: "500ms" },
    target: caller,
    before: world("is served", { pod: 404 }),
    during: [
      world("the pod alone is served late", { pod: { lateMs: 500, every: 1 } }),
      world("very late", { pod: { lateMs: 1_800, every: 1 } }),
    ],
    after: [world("is served again", { pod: 404 })],
    otherwise: [
      world("late for everybody", {
        pod: { lateMs: 600, every: 1 },
        others: { lateMs: 600, every: 1 },
      }),
      world("not as late", { pod: { lateMs: 400, every: 1 } }),
      world("every other one", { pod: { lateMs: 600, every: 2 } }),
      world("others are not answered", { pod: { lateMs: 600, every: 1 }, others: "silent" }),
      world("silent", { pod: "silent" }),
      world("refuses", { pod: "refuses" }),
    ],
    unhealed: [
      world("still one of two", { pod: { lateMs: 600, every: 2 } }),
      world("silent", { pod: "silent" }),
    ],
  },
  {
    about: "one in four",
    options: { host: "server.shop", delay: "300ms", rate: "25%" },
    target: caller,
    before: world("is served", { pod: 404 }),
    during: [world("one in four is late", { pod: { lateMs: 310, every: 4 } })],
    after: [world("is served again", { pod: 200 })],
    otherwise: [
      world("all of them", { pod: { lateMs: 310, every: 1 } }),
      world("for everybody", {
        pod: { lateMs: 310, every: 4 },
        others: { lateMs: 310, every: 4 },
      }),
    ],
  },
];
