import type { Us } from "../../model/quantity.ts";
import { windowUs } from "../breach.ts";
import { capacityOf } from "../capacity.ts";
import { within, type Traffic } from "../traffic.ts";
import type { DownLane, Scene } from "./view.ts";

export interface Span {
  readonly fromUs: Us;
  readonly untilUs: Us;
}

/** When pods were missing while the lane was down. */
export function missingSpans(lane: DownLane, scene: Scene): readonly Span[] {
  const bounds = { fromUs: scene.effect.lowUs, untilUs: lane.untilUs };
  const { deficits } = capacityOf(scene.plan, scene.events, bounds);
  return deficits.flatMap(({ atUs, missing }, i) =>
    missing > 0 ? [{ fromUs: atUs, untilUs: deficits[i + 1]?.atUs ?? lane.untilUs }] : [],
  );
}

/** Slices of twice the window of an estimate: one good one among them is a pause. */
const SLICE_WINDOWS = 2;

/**
 * The longest time without a pause in which a scenario was hurt: in every slice of it more requests
 * were bad than the objective's breach allows. A lane is down from its first breach to its last,
 * and may have been well in between. Null: there was no such time.
 */
export function longestHurt(traffic: Traffic, during: Span, { plan }: Scene): Span | null {
  const sliceUs = SLICE_WINDOWS * windowUs(plan.load.rateRps);
  const spans: Span[] = [];
  for (let fromUs = during.fromUs; fromUs < during.untilUs; fromUs += sliceUs) {
    const untilUs = Math.min(fromUs + sliceUs, during.untilUs);
    if (badRatio(traffic, fromUs, untilUs) <= 1 - plan.slo.breachRatio) continue;
    const last = spans.at(-1);
    if (last?.untilUs === fromUs) spans[spans.length - 1] = { fromUs: last.fromUs, untilUs };
    else spans.push({ fromUs, untilUs });
  }
  return spans.reduce<Span | null>(
    (longest, one) => (longest && lengthOf(longest) >= lengthOf(one) ? longest : one),
    null,
  );
}

const lengthOf = ({ fromUs, untilUs }: Span): Us => untilUs - fromUs;

function badRatio(traffic: Traffic, fromUs: Us, untilUs: Us): number {
  const { from, until } = within(traffic.requests, fromUs, untilUs);
  const known = traffic.good.subarray(from, until).filter((good) => good !== 2);
  return known.length === 0 ? 0 : known.filter((good) => good === 0).length / known.length;
}
