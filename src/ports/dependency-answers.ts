// What faults on a share of the answers share that a pod gets from a service: their field, their
// looks and their judgement. Reads only.
import type { Evidence } from "../model/evidence.ts";
import { share } from "../model/fields.ts";
import type { Ms, Ratio } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import { getFromPod, type Service } from "./dependency.ts";
import type { Asked, Witness } from "./witness.ts";

/** That no ask of a look meets the fault while it is there happens at most this often. */
const MISSED_MAX: Ratio = 1e-4;
/** That a share which is as wanted is held for another one, to each side. */
export const MISTAKEN_MAX: Ratio = 5e-4;
/** So many asks one after the other are given, so that one look is over in time. */
const ROW_MS: Ms = 4_000;
const ROWS_MAX = 4;

export const RATE = share({
  about: "share of the requests whose answers are met",
  min: "10%",
  default: "100%",
});

export type Counts = {
  readonly asked: number;
  /** Answered, and not as the fault would have it. */
  readonly well: number;
  /** As the fault would have it. */
  readonly hits: number;
};
/** As the pod meets the service, and as its node agent does, which no fault on that pod meets. */
export type Answers = { readonly pod: Counts; readonly others: Counts };

/** So many that all of them miss a fault that is there in at most MISSED_MAX of the looks. */
export function asksFor(ratio: Ratio, atLeast: number): number {
  if (ratio >= 1) return atLeast;
  return Math.max(atLeast, Math.ceil(Math.log(MISSED_MAX) / Math.log1p(-ratio)));
}

/** `delayMs`: how long an ask takes that is met; where that is much, some ask at once. */
export async function lookAtAnswers(
  witness: Witness,
  pod: Target<"pod">,
  how: {
    readonly of: Service;
    readonly asks: number;
    readonly withinMs: Ms;
    readonly delayMs?: Ms;
    readonly isHit: (asked: Asked) => boolean;
    /** Of what was answered and is none. Default: all of it. */
    readonly isWell?: (asked: Asked) => boolean;
  },
): Promise<Answers> {
  const { of, asks, withinMs, delayMs = 0 } = how;
  const rows = Math.max(1, Math.min(ROWS_MAX, Math.ceil((asks * delayMs) / ROW_MS)));
  const ask = { of, withinMs };
  const count = Math.ceil(asks / rows);
  const own = Array.from({ length: rows }, () =>
    getFromPod(witness, pod, { ...ask, outside: false, count }),
  );
  const [others, ...all] = await Promise.all([
    getFromPod(witness, pod, { ...ask, outside: true, count: asks }),
    ...own,
  ]);
  return { pod: countsOf(all.flat(), how), others: countsOf(others, how) };
}

function countsOf(
  asks: readonly Asked[],
  { isHit, isWell = () => true }: Pick<Parameters<typeof lookAtAnswers>[2], "isHit" | "isWell">,
): Counts {
  const hits = asks.filter(isHit).length;
  const well = asks.filter((one) => one.answered && !isHit(one) && isWell(one)).length;
  return { asked: asks.length, well, hits };
}

/** What several looks saw. */
export function together(seen: Answers, now: Answers): Answers {
  return { pod: sum(seen.pod, now.pod), others: sum(seen.others, now.others) };
}

function sum(one: Counts, other: Counts): Counts {
  return {
    asked: one.asked + other.asked,
    well: one.well + other.well,
    hits: one.hits + other.hits,
  };
}

const isWell = ({ asked, well }: Counts): boolean => asked > 0 && well === asked;

/** `likely`: whether so many hits are what the fault makes likely. */
export function effectOfAnswers(
  before: Answers,
  now: Answers,
  of: { readonly asks: number; readonly likely: (counts: Counts) => boolean },
): Evidence["effect"] {
  if (!isWell(before.pod) || !isWell(before.others)) return "unclear";
  if (isWell(now.pod) && now.pod.asked >= of.asks) return "absent";
  // One that fails everybody fails by itself, or by another hand.
  if (!isWell(now.others) || now.pod.hits === 0) return "unclear";
  return of.likely(now.pod) ? "present" : "unclear";
}

/** Of a proof, in words. */
export function neededOf(what: string, ratio: Ratio): string {
  return (
    `no ${what} before, and then as many as ${ratio} of all asks make likely (exact binomial, ` +
    `${MISTAKEN_MAX} to each side), none of them the agent's; gone once none of so many asks meets ` +
    `one that with the fault this happens in at most ${MISSED_MAX}`
  );
}
