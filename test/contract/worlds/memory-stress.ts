import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { podTarget as target, statsWorld as world } from "../../support/stats-world.ts";

export const cases: readonly FaultCase[] = [
  {
    about: "so much memory",
    options: { container: "server", size: "64MiB" },
    target,
    before: world("all is well"),
    during: [
      world("64 MiB more", { memoryMib: 164 }),
      world("was killed for it", { running: false, id: "c-1", oomKilled: "c-1", told: false }),
    ],
    after: [
      world("all is well again"),
      world("a little more", { memoryMib: 110 }),
      world("was started again", { id: "c-2", memoryMib: 90 }),
    ],
    otherwise: [
      world("half of it", { memoryMib: 132 }),
      world("was started again, and is larger", { id: "c-2", memoryMib: 164 }),
      world("another pod has its name", { pod: "another", memoryMib: 164 }),
      world("the kubelet tells nothing of it", { told: false }),
      world("was killed for it before the one that ran", { oomKilled: "c-0" }),
    ],
    unhealed: [
      world("was started again, and is not ready", { id: "c-2", ready: false, memoryMib: 20 }),
      world("waits to be started again", { running: false, told: false }),
    ],
  },
  {
    about: "all of the limit",
    options: { container: "server", limit: "100%" },
    target,
    before: world("all is well"),
    during: [
      world("at its limit", { memoryMib: 250 }),
      world("was killed, and starts", { id: "c-2", oomKilled: "c-1", ready: false, memoryMib: 30 }),
    ],
    after: [world("was started again", { id: "c-2", oomKilled: "c-1", memoryMib: 100 })],
    otherwise: [world("ended for another reason", { id: "c-2", ready: false, memoryMib: 30 })],
  },
];
