// How each number was made, told beside it.
import { budgetDays, type Slo } from "../../model/plan.ts";
import { showNumber } from "../../model/show.ts";
import { folded } from "./page.ts";
import { escape } from "./text.ts";

const HOW = "How these are computed";

const told = (...paragraphs: readonly string[]): string =>
  folded(HOW, paragraphs.map((text) => `<p>${escape(text)}</p>`).join(""));

export function howNumbers(slo: Slo): string {
  const { withinMs, goodRatio, breachRatio } = slo;
  return told(
    `A request is good when it was sent, was answered completely with the expected status and the right values, all within ${withinMs} ms of the instant at which it was meant to start. It belongs to that instant, whenever it ended. Requests that failed count as infinitely slow; dropped ones are bad.`,
    `Clients are hurt while a window's count of bad requests rejects ${showNumber(breachRatio * 100)} % good by a binomial test, corrected for all windows of the run. Service is recovered at the earliest instant after which no window breaches to the end of the observation; it is refined by the posterior mean of the change point. Every later breach moves it. Recovery counts from the effect, by the clock of whoever held it.`,
    "Capacity is back when every wanted replica is Ready on a node that is Ready, with no device of it Unhealthy, and stays so.",
    `Lost are the bad requests above the share of the steady phase. The budget is what ${showNumber(budgetDays(slo))} days at the offered rate may lose where ${showNumber(goodRatio * 100)} % must be good.`,
    "In brackets stands the interval, 95 % or what bounds the instant; MASKED: nobody was hurt; UNRECOVERED: not by the end of the observation; METASTABLE: the fault is gone and clients still suffer; INVALID: cannot be judged.",
  );
}

export const howCharts = (): string =>
  told(
    "Each request counts in the second of its intended start. Offered is what the load was meant to send, whether or not it could be sent; good is judged under the objective; what is neither good nor shown in a class of its own was ok, but too late.",
    "Quantiles are of all requests of a second: those that failed are slower than all that came, so that a second in which more than one of a hundred failed has an infinite 99th percentile. It is drawn at the upper edge.",
    "Replicas and endpoints are those that the watches told; of GPUs and nodes it is the last sample of each second. In a run longer than 16 minutes several seconds are one: counts are their mean, latencies their worst, replicas and devices their least.",
    "Shaded is the time in which a fault was in effect; dashed lines are the clocks.",
  );

export const howFindings = (): string =>
  told(
    "Pass: the whole interval is inside the limit. Fail: the whole interval is outside. Unknown: the limit is inside the interval, or nothing was measured. The verdict is the worst finding; predicted and noted ones decide nothing.",
  );

export const howClocks = (): string =>
  told(
    "The effect is dated by the monotonic clock of whoever held it; proofs are looked for by another way, and only decide whether the run is known at all. Intervals include the bracket in which the effect began.",
    "Changes in the cluster are dated by the receipt of the watch; a change that was first seen after a gap has the gap as its interval.",
  );

export const howWaterfall = (): string =>
  told(
    "Before the inject it was predicted from the live objects which setting will make which piece take how long. Afterwards the way is followed back from the end of the lane along the predicted piece that began last. Time that no piece explains is not attributed.",
    "Advice is another value for the setting of a large piece: what the same prediction then saves, and never more than was measured.",
  );

export const howScenarios = (): string =>
  told(
    "Good and reused are shares with their 95 % interval (Clopper and Pearson); p50, p95 and p99 have that of the order statistics. A quantile that is among the failed requests, or whose sample is too small for an upper end, is told as more than its lower end.",
  );
