import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { target, world } from "../../support/control-world.ts";

export const cases: readonly FaultCase[] = [
  {
    about: "one etcd",
    options: {},
    target,
    before: world("all is well", {}),
    during: [
      world("its check fails", { etcd: "failed" }),
      world("its check fails, and another", { etcd: "failed", failing: "informer-sync" }),
    ],
    after: [world("its check is ok again", {})],
    otherwise: [
      world("the API server is silent", { server: "silent" }),
      world("the API server is starting again", { server: "refuses" }),
      world("the API server tells nothing of it", { etcd: "silent" }),
      world("another check fails", { failing: "informer-sync" }),
    ],
    unhealed: [world("another check still fails", { failing: "informer-sync" })],
  },
];
