import { lowerTail, upperTail } from "../measure/binomial.ts";
import type { Evidence } from "../model/evidence.ts";
import { count, share } from "../model/fields.ts";
import type { Ratio } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import { DEPENDENCY, getFromPod, type Service } from "../ports/dependency.ts";
import { defineFault } from "../ports/fault.ts";
import type { Asked, Witness } from "../ports/witness.ts";

const ANSWER_MS = 2_000;
const ASKS_MIN = 10;
/** That no ask of a look meets errors which are there happens at most this often. */
const MISSED_MAX: Ratio = 1e-4;
/** That a share which is as wanted is held for another one, to each side. */
const MISTAKEN_MAX: Ratio = 5e-4;

type Counts = {
  readonly asked: number;
  readonly answered: number;
  /** Answers with the status of the fault. */
  readonly errors: number;
};
/** As the pod meets the service, and as its node agent does, which no fault on that pod meets. */
type Seen = { readonly pod: Counts; readonly others: Counts };
type Params = Service & { readonly status: number; readonly rateRatio: Ratio };

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
    rate: share({ about: "share of the requests that get one", min: "10%", default: "100%" }),
  },
  effects: ({ host, port, status, rateRatio }, pod) => [
    { kind: "dependency", pod, host, port, does: { kind: "error", status, ratio: rateRatio } },
  ],
  observe: look,
  gather: (seen, now) => ({
    pod: sum(seen.pod, now.pod),
    others: sum(seen.others, now.others),
  }),
  proof: (before, now, { host, port, status, rateRatio }, { namespace, name }) => ({
    effect: effectOf(before, now, rateRatio),
    by: `asks from inside pod ${namespace}/${name}, and from the node agent beside it`,
    saw: { before, now },
    needed:
      `no ${status} from ${host}:${port} before, and then as many as ${rateRatio} of all asks make ` +
      `likely (exact binomial, ${MISTAKEN_MAX} to each side), none of them the agent's; gone once ` +
      `none of so many asks gets one that with the fault this happens in at most ${MISSED_MAX}`,
  }),
});

/** So many that all of them miss a fault that is there in at most MISSED_MAX of the looks. */
function asksFor(ratio: Ratio): number {
  if (ratio >= 1) return ASKS_MIN;
  return Math.max(ASKS_MIN, Math.ceil(Math.log(MISSED_MAX) / Math.log1p(-ratio)));
}

async function look(witness: Witness, pod: Target<"pod">, of: Params): Promise<Seen> {
  const ask = { of, count: asksFor(of.rateRatio), withinMs: ANSWER_MS };
  const [own, others] = await Promise.all([
    getFromPod(witness, pod, { ...ask, outside: false }),
    getFromPod(witness, pod, { ...ask, outside: true }),
  ]);
  return { pod: countsOf(own, of.status), others: countsOf(others, of.status) };
}

function countsOf(asks: readonly Asked[], status: number): Counts {
  return {
    asked: asks.length,
    answered: asks.filter(({ answered }) => answered).length,
    errors: asks.filter((one) => one.answered && one.status === status).length,
  };
}

function sum(one: Counts, other: Counts): Counts {
  return {
    asked: one.asked + other.asked,
    answered: one.answered + other.answered,
    errors: one.errors + other.errors,
  };
}

const isWell = ({ asked, answered, errors }: Counts): boolean =>
  asked > 0 && answered === asked && errors === 0;

function effectOf(before: Seen, now: Seen, ratio: Ratio): Evidence["effect"] {
  if (!isWell(before.pod) || !isWell(before.others)) return "unclear";
  const { asked, errors } = now.pod;
  if (isWell(now.pod) && asked >= asksFor(ratio)) return "absent";
  // One that fails everybody fails by itself, or by another hand.
  if (!isWell(now.others) || errors === 0) return "unclear";
  const likely =
    lowerTail(errors, asked, ratio) >= MISTAKEN_MAX &&
    upperTail(errors, asked, ratio) >= MISTAKEN_MAX;
  return likely ? "present" : "unclear";
}
