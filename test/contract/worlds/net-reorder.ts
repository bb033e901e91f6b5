import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { countsWorld } from "../../support/counts-world.ts";
import { netTarget as target } from "../../support/net-world.ts";

const counter = "TcpExt.TCPOFOQueue";

export const cases: readonly FaultCase[] = [
  {
    about: "a tenth",
    options: { reorder: "10%" },
    target,
    before: countsWorld("counts none", { counter, every: null }),
    // Seven segments an ask.
    during: [
      countsWorld("counts a tenth", { counter, every: 1 }),
      countsWorld("counts a fifteenth", { counter, every: 2 }),
    ],
    after: [countsWorld("counts none any more", { counter, every: null })],
    otherwise: [
      countsWorld("counts one by chance", { counter, every: 20 }),
      countsWorld("its network is another one", { counter, every: 1, anew: true }),
    ],
  },
  {
    about: "a hundredth",
    options: { reorder: "1%" },
    target,
    before: countsWorld("counts none", { counter, every: null }),
    during: [countsWorld("counts a fiftieth", { counter, every: 8 })],
    after: [countsWorld("counts none any more", { counter, every: null })],
    otherwise: [],
  },
];
