import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { target, world } from "../../support/control-world.ts";

const OWN = "kube-controller-manager";
const OTHER = "kube-scheduler";

export const cases: readonly FaultCase[] = [
  {
    about: "one that leads",
    options: {},
    target,
    before: world("all is well", {}),
    during: [
      world("its Lease is old", { renewed: { [OWN]: 22, [OTHER]: 35, n1: 34 } }),
      world("its Lease is old, and only nodes renew theirs", {
        renewed: { [OWN]: 22, [OTHER]: 22, n1: 44 },
      }),
    ],
    after: [
      world("it is led again", { renewed: { [OWN]: 50, [OTHER]: 51, n1: 44 } }),
      world("it is led again by another", {
        renewed: { [OWN]: 50, [OTHER]: 51, n1: 44 },
        holder: "another",
      }),
    ],
    otherwise: [
      world("another is down", { renewed: { [OWN]: 50, [OTHER]: 22, n1: 44 } }),
      world("nobody renews anything", { renewed: { [OWN]: 22, [OTHER]: 21, n1: 14 } }),
      world("it is late once", { renewed: { [OWN]: 22, [OTHER]: 28, n1: 24 } }),
      world("it gave its Lease up", {
        renewed: { [OWN]: 22, [OTHER]: 50, n1: 44 },
        holder: "",
      }),
      world("it has no Lease", { renewed: { [OTHER]: 50, n1: 44 } }),
      world("there is no other Lease", { renewed: { [OWN]: 22 } }),
    ],
  },
];
