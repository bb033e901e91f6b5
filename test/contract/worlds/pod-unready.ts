import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { netTarget as target, netWorld } from "../../support/net-world.ts";

export const cases: readonly FaultCase[] = [
  {
    about: "a pod that is well",
    options: {},
    target,
    before: netWorld("is Ready", {}),
    during: [netWorld("is not Ready, and answers", { ready: false })],
    after: [
      netWorld("is Ready again", {}),
      netWorld("is Ready after another start", { restarts: 1 }),
      netWorld("is gone", { pod: "gone" }),
    ],
    otherwise: [
      netWorld("is not Ready, and silent", { ready: false, tookMs: [null] }),
      netWorld("was started again by its liveness probe", { ready: false, restarts: 1 }),
      netWorld("crashed", { ready: false, running: false }),
      netWorld("is ended", { ready: false, going: true }),
      netWorld("is gone", { pod: "gone" }),
    ],
    unhealed: [netWorld("is not Ready after another start", { ready: false, restarts: 1 })],
  },
];
