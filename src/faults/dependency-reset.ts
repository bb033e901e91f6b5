import { isLikely } from "../measure/binomial.ts";
import { count } from "../model/fields.ts";
import {
  asksFor,
  effectOfAnswers,
  lookAtAnswers,
  MISTAKEN_MAX,
  neededOf,
  RATE,
  together,
} from "../ports/dependency-answers.ts";
import { DEPENDENCY } from "../ports/dependency.ts";
import { defineFault } from "../ports/fault.ts";

const ANSWER_MS = 2_000;
const ASKS_MIN = 10;

/** Head and status come, then a reset; old connections are reset once, too. */
export const dependencyReset = defineFault({
  name: "dependency-reset",
  about:
    "A service that the pod calls resets connections in the middle of answers (HTTP/1, not TLS).",
  on: "pod",
  lasts: "held",
  kinds: ["dependency"],
  evidence: "Of asks from inside the pod the wanted share ends so; of the node agent's, none.",
  params: {
    ...DEPENDENCY,
    afterBytes: count({
      about: "bytes of the body that come before, all but its end at most",
      default: 0,
    }),
    rate: RATE,
  },
  effects: ({ host, port, afterBytes, rateRatio }, pod) => [
    { kind: "dependency", pod, host, port, does: { kind: "reset", afterBytes, ratio: rateRatio } },
  ],
  observe: (witness, pod, of) =>
    lookAtAnswers(witness, pod, {
      of,
      asks: asksFor(of.rateRatio, ASKS_MIN),
      withinMs: ANSWER_MS,
      isHit: ({ ended }) => ended === "reset",
    }),
  gather: together,
  proof: (before, now, { host, port, rateRatio: ratio }, { namespace, name }) => ({
    effect: effectOfAnswers(before, now, {
      asks: asksFor(ratio, ASKS_MIN),
      likely: ({ hits, asked }) => isLikely(hits, asked, ratio, MISTAKEN_MAX),
    }),
    by: `ends of asks from inside pod ${namespace}/${name}, and from the node agent beside it`,
    saw: { before, now },
    needed: neededOf(`answer of ${host}:${port} that a reset ends`, ratio),
  }),
});
