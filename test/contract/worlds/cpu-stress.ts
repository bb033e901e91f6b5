import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { podTarget as target, statsWorld as world } from "../../support/stats-world.ts";

export const cases: readonly FaultCase[] = [
  {
    about: "up to the limit",
    options: { container: "server", workers: 2 },
    target,
    before: world("works a little"),
    during: [world("at its limit", { cpus: 0.5 }), world("half of that", { cpus: 0.3 })],
    after: [
      world("works a little again"),
      world("works a little more", { cpus: 0.1 }),
      world("was started again", { id: "c-2", cpus: 0.1 }),
    ],
    otherwise: [
      world("works more, but not so much", { cpus: 0.2 }),
      world("was started again, and starts", { id: "c-2", cpus: 0.5 }),
      world("another pod has its name", { pod: "another", cpus: 0.5 }),
      world("the kubelet tells nothing of it", { told: false }),
    ],
    unhealed: [world("waits to be started again", { running: false, cpus: 0 })],
  },
  {
    about: "without a limit, by a share of one CPU",
    options: { container: "server", load: "20%" },
    target,
    before: world("works a little", { cpuLimit: null }),
    during: [world("a fifth more", { cpuLimit: null, cpus: 0.25 })],
    after: [world("works a little again", { cpuLimit: null })],
    otherwise: [world("a little more", { cpuLimit: null, cpus: 0.12 })],
  },
];
