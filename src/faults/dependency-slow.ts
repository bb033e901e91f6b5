import { isLikely } from "../measure/binomial.ts";
import { duration } from "../model/fields.ts";
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

/** Beyond the delay. */
const ANSWER_MS = 2_000;
const ASKS_MIN = 4;
/** Of some requests only: many must be asked in one look. */
const SHARED_MAX_MS = 1_000;

/** Answers by HTTP/1 come later, whole; old connections are reset once. */
export const dependencySlow = defineFault({
  name: "dependency-slow",
  about: "A service that the pod calls answers some of its requests (HTTP/1, not TLS) late.",
  on: "pod",
  lasts: "held",
  kinds: ["dependency"],
  evidence:
    "Of asks from inside the pod the wanted share takes as long as the delay; of the node agent's, none.",
  params: {
    ...DEPENDENCY,
    delay: duration({
      about:
        "added before the first byte of an answer; longer than the service takes by itself, " +
        "and at most 1s where not all answers are met",
      min: "50ms",
      max: "4s",
    }),
    rate: RATE,
  },
  problems: ({ delayMs, rateRatio }) =>
    rateRatio < 1 && delayMs > SHARED_MAX_MS
      ? [`delay must be at most ${SHARED_MAX_MS}ms where rate is below 100%, got ${delayMs}ms`]
      : [],
  effects: ({ host, port, delayMs, rateRatio }, pod) => [
    { kind: "dependency", pod, host, port, does: { kind: "slow", delayMs, ratio: rateRatio } },
  ],
  observe: (witness, pod, of) =>
    lookAtAnswers(witness, pod, {
      of,
      asks: asksFor(of.rateRatio, ASKS_MIN),
      withinMs: of.delayMs + ANSWER_MS,
      delayMs: of.delayMs,
      isHit: ({ answered, tookMs }) => answered && tookMs >= of.delayMs,
    }),
  gather: together,
  proof: (before, now, { host, port, delayMs, rateRatio: ratio }, { namespace, name }) => ({
    effect: effectOfAnswers(before, now, {
      asks: asksFor(ratio, ASKS_MIN),
      likely: ({ hits, asked }) => isLikely(hits, asked, ratio, MISTAKEN_MAX),
    }),
    by: `time of asks from inside pod ${namespace}/${name}, and from the node agent beside it`,
    saw: { before, now },
    needed: neededOf(`answer of ${host}:${port} that takes ${delayMs}ms`, ratio),
  }),
});
