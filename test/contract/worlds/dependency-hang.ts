import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { caller, world } from "../../support/dependency-worlds.ts";

const options = { host: "server.shop" };

export const cases: readonly FaultCase[] = [
  {
    about: "a service by HTTP",
    options,
    target: caller,
    before: world("is served", { pod: 404 }),
    during: [world("the pod alone is not", { pod: "silent" })],
    after: [world("is served again", { pod: 200 }), world("by others' errors", { pod: 503 })],
    otherwise: [
      world("nobody is served", { pod: "silent", others: "silent" }),
      world("others cannot tell", { pod: "silent", others: "unreachable" }),
      world("fails in another way", { pod: "refuses" }),
      world("its name is gone", { pod: "unreachable" }),
      world("errors", { pod: 503 }),
    ],
    unhealed: [world("its name is gone", { pod: "unreachable" })],
  },
  {
    about: "a service that speaks something else",
    options,
    target: caller,
    before: world("is served", { pod: "speaks", others: "speaks" }),
    during: [world("the pod alone is not", { pod: "silent", others: "speaks" })],
    after: [world("is served again", { pod: "speaks", others: "speaks" })],
    otherwise: [world("nobody is served", { pod: "silent", others: "silent" })],
  },
];
