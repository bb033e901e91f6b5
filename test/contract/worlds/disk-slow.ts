import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { podTarget as target, roomWorld } from "../../support/room-world.ts";

const MIB = 2 ** 20;
/** How long 1 MiB took. */
const world = (about: string, tookMs: number, main?: string): World =>
  roomWorld(about, {
    at: "reads",
    told: { bytes: MIB, tookMs },
    ...(main === undefined ? {} : { main }),
  });
const OTHER = "200 from 9000";

export const cases: readonly FaultCase[] = [
  {
    about: "1 MiB a second",
    options: { container: "server", speed: "1MiB" },
    target,
    before: world("all is well", 10),
    during: [world("as slow as asked", 995), world("slower, as others read too", 3_000)],
    after: [world("fast again", 12), world("the next container is fast", 12, OTHER)],
    otherwise: [
      world("half as slow as asked", 500),
      world("the next container is slow", 995, OTHER),
      world("nothing could be read in time", 0),
    ],
    unhealed: [world("half as slow as asked", 500)],
  },
];
