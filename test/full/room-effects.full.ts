// The injector's contract for what is taken from containers of what they have left: no cluster.
import { beforeAll } from "vitest";

import { injectorContract } from "../../src/testing/injector-contract.ts";
import { agentBench } from "../support/agent-bench.ts";
import { netEffectsPath } from "../support/net-pair.ts";
import { roomBench } from "../support/room-bench.ts";

beforeAll(async () => {
  process.env["NINETY_NET_EFFECTS"] = await netEffectsPath();
}, 300_000);

for (const kind of ["processes-limit", "files-limit", "disk-fill", "disk-slow"] as const) {
  injectorContract(`node-agent that does ${kind}`, async () => agentBench(await roomBench(kind)));
}
