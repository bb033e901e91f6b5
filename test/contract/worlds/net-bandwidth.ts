import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { netTarget as target } from "../../support/net-world.ts";

/** All that is asked at once takes so long; null: silence. */
function world(about: string, tookMs: number | null, answerBytes = 100): World {
  return {
    about,
    object: async () => null,
    http: async (_pod, { port, path }) => {
      if (`${port}${path}` !== "8501/") throw new Error(`nobody was to be asked at ${port}${path}`);
      return tookMs === null
        ? { answered: false, status: 0, body: "no answer within 5000 ms", tookMs: 5_000 }
        : { answered: true, status: 400, body: "x".repeat(answerBytes), tookMs };
    },
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}

export const cases: readonly FaultCase[] = [
  {
    about: "a narrow way in",
    options: { perSecond: "128KiB" },
    target,
    before: world("is quick", 20),
    during: [world("takes as long as the body does", 810), world("takes longer", 1_900)],
    after: [world("is quick again", 25)],
    otherwise: [world("is slower than before, by less", 500), world("is silent", null)],
  },
  {
    about: "a narrow way out",
    options: { perSecond: "16KiB", direction: "out" },
    target,
    before: world("is quick", 20, 2_048),
    during: [world("takes as long as all answers do", 1_010, 2_048)],
    after: [world("is quick again", 25, 2_048)],
    otherwise: [world("its answers are too small to tell", 1_010, 10)],
  },
  {
    about: "a way that is narrow for much at once, both ways",
    options: { perSecond: "8MiB", direction: "both", port: 8_501 },
    target,
    before: world("is quick", 90),
    during: [world("takes as long as the bodies do", 900)],
    after: [world("is quick again", 95)],
    otherwise: [world("is slower than before, by less", 500)],
  },
];
