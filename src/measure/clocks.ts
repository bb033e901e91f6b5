import { absent, beyond, value, type Measured } from "../model/measured.ts";
import type { Clocks } from "../model/measurement.ts";
import type { Us } from "../model/quantity.ts";
import type { Instant } from "./change-point.ts";
import { clearedOf, effectOf, type Group } from "./group.ts";
import type { LaneCourse } from "./lanes.ts";

function instant({ atUs, lowUs, highUs }: Instant): Measured<"us"> {
  return value("us", { value: atUs, low: lowUs, high: highUs, n: 1 });
}

/** Those that the episode has whatever became of its lanes: `req`, `inj`, `clr`. */
function faultClocks(group: Group): Clocks {
  const effect = effectOf(group);
  const cleared = clearedOf(group);
  return {
    req: instant({ atUs: group.fromUs, lowUs: group.fromUs, highUs: group.fromUs }),
    inj: effect
      ? instant({ atUs: effect.stampUs, lowUs: effect.lowUs, highUs: effect.stampUs })
      : absent("us", "no holder stamped the effect"),
    clr: cleared
      ? instant({ atUs: cleared.atUs, lowUs: cleared.lowUs, highUs: cleared.atUs })
      : absent("us", "an effect is not known to be gone"),
  };
}

/**
 * All clocks of an episode. `rec` is the worst scenario's; `full` the later of `rec` and capacity.
 */
export function clocksOf(of: {
  readonly group: Group;
  readonly detections: ReadonlyMap<string, Instant>;
  readonly service: readonly LaneCourse[];
  readonly capacity: LaneCourse;
}): Clocks {
  const { group, detections, service, capacity } = of;
  const impacts = service.flatMap(({ impact }) => (impact ? [impact] : []));
  const first = impacts.reduce<Instant | null>(
    (least, one) => (least && least.atUs <= one.atUs ? least : one),
    null,
  );
  const detected = [...detections].map(([name, at]) => [`det:${name}`, instant(at)] as const);
  const blind = service.find(({ lane }) => lane.class === "INVALID");
  return {
    ...faultClocks(group),
    imp: first ? instant(first) : absent("us", blind?.lane.note ?? "clients were not hurt"),
    ...Object.fromEntries(detected.sort(([a], [b]) => (a < b ? -1 : 1))),
    rec: worst(service, group.untilUs, "clients were not hurt"),
    full: worst([...service, capacity], group.untilUs, "nothing was lost"),
  };
}

function worst(lanes: readonly LaneCourse[], untilUs: Us, none: string): Measured<"us"> {
  const blind = lanes.find(({ lane }) => lane.class === "INVALID");
  if (blind) return absent("us", blind.lane.note);
  const hurt = lanes.filter(({ lane }) => lane.class !== "MASKED");
  if (hurt.some(({ back }) => back === null)) return beyond("us", untilUs, lanes.length);
  const last = hurt.reduce<Instant | null>(
    (most, { back }) => (most && back && most.atUs >= back.atUs ? most : back),
    null,
  );
  return last ? instant(last) : absent("us", none);
}
