import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { podTarget as target, roomWorld } from "../../support/room-world.ts";

const MIB = 2 ** 20;
const world = (about: string, freeMib: number, why = freeMib < 0.1 ? "ENOSPC" : ""): World =>
  roomWorld(about, {
    at: "disk",
    told: { sizeBytes: 64 * MIB, freeBytes: freeMib * MIB, why, bytes: 65_536, tookMs: 1 },
  });

export const cases: readonly FaultCase[] = [
  {
    about: "all of it",
    options: { container: "server", path: "/data" },
    target,
    before: world("all is well", 60),
    during: [world("nothing is free", 0), world("a block is free", 0.01)],
    after: [world("as before", 60), world("the container has written some", 50)],
    otherwise: [
      world("half is taken", 30),
      world("it is free, and cannot be written", 60, "EROFS"),
      world("nothing is free, and writing fails for another reason", 0, "EIO"),
      world("little is free, and writing still goes", 1),
    ],
    unhealed: [world("it is free, and cannot be written", 60, "ENOSPC")],
  },
  {
    about: "all but 16 MiB",
    options: { container: "server", path: "/data", leave: "16MiB" },
    target,
    before: world("all is well", 60),
    during: [world("16 MiB are free", 16), world("a little more is free", 18)],
    after: [world("as before", 60)],
    otherwise: [world("a third is taken", 40), world("16 MiB are free, and useless", 16, "EDQUOT")],
  },
  {
    about: "up to three quarters",
    options: { container: "server", path: "/data", to: "75%" },
    target,
    before: world("all is well", 60),
    during: [world("a quarter is free", 16)],
    after: [world("as before", 60)],
    otherwise: [world("half is free", 32)],
  },
];
