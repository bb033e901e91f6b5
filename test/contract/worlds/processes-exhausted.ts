import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { podTarget as target, roomWorld } from "../../support/room-world.ts";

const world = (
  about: string,
  told: { readonly limit?: number | null; readonly why?: string },
  main?: string,
): World => {
  const { limit = null, why = "" } = told;
  return roomWorld(about, {
    at: "processes",
    told: { now: 12, limit, why },
    ...(main === undefined ? {} : { main }),
  });
};
const OTHER = "200 from 9000";

export const cases: readonly FaultCase[] = [
  {
    about: "of one container",
    options: { container: "server" },
    target,
    before: world("all is well", {}),
    during: [world("none more is started", { limit: 12, why: "EAGAIN" })],
    after: [
      world("one is started again", {}),
      world("one is started in the next container", {}, OTHER),
    ],
    otherwise: [
      world("the next container can start none", { limit: 12, why: "EAGAIN" }, OTHER),
      world("refused for another reason", { why: "EPERM" }),
      world("a limit that none has met yet", { limit: 12 }),
    ],
    unhealed: [world("the next container can start none", { why: "EAGAIN" }, OTHER)],
  },
];
