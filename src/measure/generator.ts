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
  const lateP99 = quantile(lateMs(traffics), 0, 0.99);
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
    for (let i = from; i < until; i += 1) if (requests.outcome(i) === "dropped") dropped += 1;
  }
  const planned = (plan.load.rateRps * traffics.length * (untilUs - fromUs)) / 1_000_000;
  return {
    planned: value("count", { value: Math.round(planned), n: 1 }),
    offered: value("count", { value: offered, n: offered }),
    dropped: value("count", { value: dropped, n: offered }),
    lateP99,
  };
}

/** Of all that was sent, ascending. */
function lateMs(traffics: readonly Traffic[]): Float64Array {
  const late = new Float64Array(traffics.reduce((sum, { requests }) => sum + requests.length, 0));
  let sent = 0;
  for (const { requests } of traffics) {
    for (let i = 0; i < requests.length; i += 1) {
      const lateUs = requests.startUs[i]! - requests.intendedUs[i]!;
      if (Number.isNaN(lateUs)) continue;
      late[sent] = lateUs / 1_000;
      sent += 1;
    }
  }
  return late.subarray(0, sent).sort();
}
