import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { target, world } from "../../support/control-world.ts";

export const cases: readonly FaultCase[] = [
  {
    about: "an API server",
    options: {},
    target,
    before: world("all is well", {}),
    during: [world("silent", { server: "silent" })],
    after: [world("it answers again", {})],
    otherwise: [
      world("it is starting again", { server: "refuses" }),
      world("its etcd is silent", { etcd: "failed" }),
      world("its etcd is silent, and so is its check", { etcd: "silent" }),
    ],
    unhealed: [
      world("it lives, and is not ready", { failing: "informer-sync" }),
      world("it lives, and its etcd does not", { etcd: "failed" }),
    ],
  },
];
