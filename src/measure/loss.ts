import { absent, beyond, value, type Measured } from "../model/measured.ts";
import type { Episode } from "../model/measurement.ts";
import { budgetWindowMs, type Slo } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import { shareInterval } from "./binomial.ts";

/** One scenario in the steady phase and in the episode: bad ones of all that were judged. */
export interface LossOf {
  readonly steady: { readonly bad: number; readonly n: number };
  readonly episode: { readonly bad: number; readonly n: number };
}

type Loss = Pick<Episode, "lost" | "outageMs" | "budget" | "affords">;

/**
 * What the episode cost: bad requests above the steady share, all scenarios; as seconds of a full
 * outage at the offered rate; as a share of what the SLO's window at that rate may lose under the
 * objective, and how often that is there. The interval is that of the steady share. Less than
 * nothing is nothing.
 */
export function lossOf(of: {
  readonly scenarios: readonly LossOf[];
  readonly forUs: Us;
  readonly slo: Slo;
  readonly invalid: string | null;
}): Loss {
  const { scenarios, forUs, slo, invalid } = of;
  if (invalid !== null) return nothing(invalid);
  let offered = 0;
  let lost = 0;
  let low = 0;
  let high = 0;
  for (const { steady, episode } of scenarios) {
    const share = steady.bad / Math.max(1, steady.n);
    const interval = shareInterval(steady.bad, Math.max(1, steady.n));
    offered += episode.n;
    lost += Math.max(0, episode.bad - share * episode.n);
    low += Math.max(0, episode.bad - interval.high * episode.n);
    high += Math.max(0, episode.bad - interval.low * episode.n);
  }
  if (offered === 0 || forUs <= 0) return nothing("no requests in the episode");
  const rateRps = offered / (forUs / 1_000_000);
  const scaled = (by: number): { value: number; low: number; high: number; n: number } => ({
    value: lost * by,
    low: low * by,
    high: high * by,
    n: offered,
  });
  const allowed = (1 - slo.goodRatio) * rateRps * (budgetWindowMs(slo) / 1_000);
  const budget =
    allowed > 0
      ? value("ratio", scaled(1 / allowed))
      : absent("ratio", "an objective of 100 % has no budget");
  return {
    lost: value("count", scaled(1)),
    outageMs: value("ms", scaled(1_000 / rateRps)),
    budget,
    affords: affordsOf(budget),
  };
}

/** In whole episodes: what the cost's upper bound affords is certain. */
function affordsOf(budget: Measured<"ratio">): Measured<"count"> {
  if (budget.is !== "value") {
    return absent("count", budget.is === "absent" ? budget.why : "its cost has no upper bound");
  }
  const { low, high, n } = budget;
  if (high <= 0) return absent("count", "it cost nothing: any number");
  const times = (share: number): number => Math.floor(1 / share);
  if (low <= 0) return beyond("count", times(high), n);
  return value("count", {
    value: times(budget.value),
    low: times(high),
    high: times(low),
    n,
  });
}

function nothing(why: string): Loss {
  return {
    lost: absent("count", why),
    outageMs: absent("ms", why),
    budget: absent("ratio", why),
    affords: absent("count", why),
  };
}
