import { isLikely } from "../measure/binomial.ts";
import { text } from "../model/fields.ts";
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

/** The head tells of the whole length, and a half of the body comes; old connections are reset. */
export const dependencyTruncate = defineFault({
  name: "dependency-truncate",
  about: "A service that the pod calls ends its answers early (HTTP/1, not TLS), by a clean close.",
  on: "pod",
  lasts: "held",
  kinds: ["dependency"],
  evidence: "Of asks from inside the pod the wanted share ends so; of the node agent's, none.",
  params: {
    ...DEPENDENCY,
    path: text({
      about:
        "path that is asked for the proof by GET; any status will do, if there is a body to cut",
      pattern: /^\/\S*$/,
      rule: "a path that begins with /",
      default: "/",
    }),
    rate: RATE,
  },
  effects: ({ host, port, rateRatio }, pod) => [
    { kind: "dependency", pod, host, port, does: { kind: "truncate", ratio: rateRatio } },
  ],
  observe: (witness, pod, of) =>
    lookAtAnswers(witness, pod, {
      of,
      asks: asksFor(of.rateRatio, ASKS_MIN),
      withinMs: ANSWER_MS,
      isHit: ({ ended }) => ended === "short",
      // Of an answer without a body nothing can be cut.
      isWell: ({ bodyBytes }) => bodyBytes > 0,
    }),
  gather: together,
  proof: (before, now, { host, port, rateRatio: ratio }, { namespace, name }) => ({
    effect: effectOfAnswers(before, now, {
      asks: asksFor(ratio, ASKS_MIN),
      likely: ({ hits, asked }) => isLikely(hits, asked, ratio, MISTAKEN_MAX),
    }),
    by: `ends of asks from inside pod ${namespace}/${name}, and from the node agent beside it`,
    saw: { before, now },
    needed: neededOf(`answer of ${host}:${port} that is closed early`, ratio),
  }),
});
