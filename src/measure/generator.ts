import { absent, value } from "../model/measured.ts";
import type { GeneratorMeasurement } from "../model/measurement.ts";
import type { Plan } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import { spanOf, type Span } from "./phases.ts";
import { quantile } from "./quantile.ts";
import { within, type Traffic } from "./traffic.ts";

/**
 * Whether the load was really offered, from the start of steady to the end of observation, all
 * scenarios. `planned` takes the planned rate for each scenario. Lateness is over all that was
 * sent.
 */
export function generatorOf(
  plan: Plan,
  traffics: readonly Traffic[],
  { spans, untilUs }: { readonly spans: readonly Span[]; readonly untilUs: Us },
): GeneratorMeasurement {
  const fromUs = spanOf(spans, "steady")?.fromUs;
  const lateMs: number[] = [];
  for (const { requests } of traffics) {
    for (const request of requests) {
      if ("startUs" in request) lateMs.push((request.startUs - request.intendedUs) / 1_000);
    }
  }
  const lateP99 = quantile(Float64Array.from(lateMs).sort(), 0, 0.99);
  if (fromUs === undefined || spanOf(spans, "observe") === null) {
    const why = "the run did not reach the end of observation";
    const none = absent("count", why);
    return { planned: none, offered: none, dropped: none, lateP99 };
  }
  let offered = 0;
  let dropped = 0;
  for (const { requests } of traffics) {
    const { from, until } = within(requests, fromUs, untilUs);
    offered += until - from;
    for (let i = from; i < until; i += 1) if (requests[i]!.outcome === "dropped") dropped += 1;
  }
  const planned = (plan.load.rateRps * traffics.length * (untilUs - fromUs)) / 1_000_000;
  return {
    planned: value("count", { value: Math.round(planned), n: 1 }),
    offered: value("count", { value: offered, n: offered }),
    dropped: value("count", { value: dropped, n: offered }),
    lateP99,
  };
}
