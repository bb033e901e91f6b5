import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { podTarget as target, roomWorld } from "../../support/room-world.ts";

const world = (
  about: string,
  of: {
    readonly spare: number;
    readonly sign: "answers" | "refuses" | "silent";
    readonly pod?: "another";
    readonly main?: string;
  },
): World =>
  roomWorld(about, {
    ...of,
    at: "files",
    told: { open: 24, limit: 24 + of.spare, spare: of.spare },
  });
const OTHER = "200 from 9000";

export const cases: readonly FaultCase[] = [
  {
    about: "of one container",
    options: { container: "server" },
    target,
    before: world("all is well", { spare: 1_000, sign: "answers" }),
    during: [world("nothing is accepted", { spare: 0, sign: "silent" })],
    after: [
      world("it answers again", { spare: 1_000, sign: "answers" }),
      world("the next container answers", { spare: 1_000, sign: "answers", main: OTHER }),
    ],
    otherwise: [
      world("nobody listens any more", { spare: 0, sign: "refuses" }),
      world("another pod has its name", { spare: 0, sign: "silent", pod: "another" }),
      world("it hangs, with files left", { spare: 1_000, sign: "silent" }),
      world("it answers, with no file left", { spare: 0, sign: "answers" }),
      world("the next container has none left", { spare: 0, sign: "silent", main: OTHER }),
    ],
    unhealed: [
      world("it may open some, and does not answer yet", { spare: 1_000, sign: "silent" }),
    ],
  },
];
