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

/** Requests by HTTP/1 get an error in place of an answer; old connections are reset once. */
export const dependencyError = defineFault({
  name: "dependency-error",
  about:
    "A service that the pod calls answers some of its requests (HTTP/1, not TLS) with an error.",
  on: "pod",
  lasts: "held",
  kinds: ["dependency"],
  evidence:
    "Of asks from inside the pod the wanted share gets the status; of the node agent's, none.",
  params: {
    ...DEPENDENCY,
    status: count({ about: "status of the errors", min: 400, max: 599, default: 503 }),
    rate: RATE,
  },
  effects: ({ host, port, status, rateRatio }, pod) => [
    { kind: "dependency", pod, host, port, does: { kind: "error", status, ratio: rateRatio } },
  ],
  observe: (witness, pod, of) =>
    lookAtAnswers(witness, pod, {
      of,
      asks: asksFor(of.rateRatio, ASKS_MIN),
      withinMs: ANSWER_MS,
      isHit: ({ answered, status }) => answered && status === of.status,
    }),
  gather: together,
  proof: (before, now, { host, port, status, rateRatio: ratio }, { namespace, name }) => ({
    effect: effectOfAnswers(before, now, {
      asks: asksFor(ratio, ASKS_MIN),
      likely: ({ hits, asked }) => isLikely(hits, asked, ratio, MISTAKEN_MAX),
    }),
    by: `asks from inside pod ${namespace}/${name}, and from the node agent beside it`,
    saw: { before, now },
    needed: neededOf(`${status} from ${host}:${port}`, ratio),
  }),
});
