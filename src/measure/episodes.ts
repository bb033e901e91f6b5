import type { Event } from "../model/event.ts";
import type { EvidenceLevel } from "../model/evidence.ts";
import type { Episode, Lane } from "../model/measurement.ts";
import type { Plan } from "../model/plan.ts";
import type { Rps, Us } from "../model/quantity.ts";
import type { Sample } from "../model/request.ts";
import { holdUs } from "./breach.ts";
import { burnRateOf } from "./burn-rate.ts";
import { capacityOf } from "./capacity.ts";
import type { Instant } from "./change-point.ts";
import { clocksOf } from "./clocks.ts";
import { detections } from "./detectors.ts";
import { clearedOf, effectOf, groupSteps, type Group } from "./group.ts";
import { capacityLane, invalid, serviceLane, type Bounds, type LaneCourse } from "./lanes.ts";
import { lossOf } from "./loss.ts";
import { reasonsOf } from "./reasons.ts";
import type { DownLane } from "./reasons/view.ts";
import { spanOf, type Span } from "./phases.ts";
import { courseOf } from "./recovery.ts";
import { badOf, calmOf, slice, type Calm } from "./signal.ts";
import { stepTimes } from "./steps.ts";
import { within, type Traffic } from "./traffic.ts";
import { adviceOf } from "./advice.ts";
import { milestonesOf } from "./milestones.ts";
import { laterInjects, predictedEdges, waterfallOf } from "./waterfall.ts";

/** What all episodes of a run are measured from. */
export interface EpisodesOf {
  readonly plan: Plan;
  readonly level: EvidenceLevel;
  /** Version of Kubernetes; "" where nobody knows. */
  readonly kubernetes: string;
  /** Ordered. */
  readonly events: readonly Event[];
  readonly samples: readonly Sample[];
  readonly spans: readonly Span[];
  readonly traffics: readonly Traffic[];
  /** By scenario: why its steady phase carries nothing. */
  readonly steadyWhy: ReadonlyMap<string, readonly string[]>;
  /** Why the record cannot be judged, or null. */
  readonly recordWhy: string | null;
  readonly lagUs: Us;
  readonly untilUs: Us;
}

/** Overlapping faults and what followed, in order of time. */
export function episodesOf(of: EpisodesOf): readonly Episode[] {
  const { plan, events, untilUs } = of;
  const times = plan.steps.flatMap((step) => stepTimes(step, events) ?? []);
  const hold = Math.max(
    holdUs(plan.load.rateRps),
    ...of.traffics.map((t) => holdUs(rateOf(t, of))),
  );
  return groupSteps(times, { untilUs, holdUs: hold }).map((group) => episodeOf(group, of));
}

function episodeOf(group: Group, of: EpisodesOf): Episode {
  const effect = effectOf(group);
  const why = of.recordWhy ?? unproved(group);
  const fromUs = effect?.lowUs ?? group.fromUs;
  const courses = of.traffics.map((one) => [one.name, serviceOf(one, group, of, why)] as const);
  const capacity = capacityCourse(group, of, why);
  const found = detections(of.events, { fromUs, untilUs: group.untilUs });
  const service = courses.map(([, course]) => course);
  const edges = predictedEdges(of.events, group);
  const untilUs = group.untilUs;
  const backUs = capacity.back?.atUs ?? null;
  const milestones = milestonesOf(of.plan, of.events, { fromUs, untilUs, backUs });
  const cleared = clearedOf(group);
  const seen = [
    ...(edges.length > 0 ? laterInjects(group) : []),
    ...[...found].map(([name, at]): readonly [string, Instant] => [`det:${name}`, at]),
  ];
  if (cleared) seen.push(["clr", { ...cleared, highUs: cleared.atUs }]);
  const finish = (course: LaneCourse, last: "rec" | "full"): Lane => {
    if (!effect) return course.lane;
    const start: Instant = { atUs: effect.stampUs, lowUs: effect.lowUs, highUs: effect.stampUs };
    const between = course.impact ? [...seen, ["imp", course.impact] as const] : seen;
    const lane = { effect: start, between, milestones, course, last, untilUs, edges };
    const waterfall = waterfallOf(lane);
    return { ...course.lane, waterfall };
  };
  const lanes = {
    service: Object.fromEntries(courses.map(([name, course]) => [name, finish(course, "rec")])),
    capacity: finish(capacity, "full"),
  };
  return {
    steps: group.steps.map(({ id }) => id),
    level: of.level,
    fromUs: group.fromUs,
    untilUs: group.untilUs,
    clocks: clocksOf({ group, detections: found, service, capacity }),
    ...lanes,
    ...(edges.length > 0 ? { predicted: edges.length, advice: adviceOf(of.plan, lanes) } : {}),
    reasons: reasons(group, of, { service, capacity }),
    ...loss(group, of, why),
    burnRate: burnRate(group, of, why),
  };
}

function unproved(group: Group): string | null {
  const open = group.steps.find(({ proved, inj }) => proved !== "proved" || inj === null);
  if (!open) return null;
  return open.inj
    ? `the effect of ${open.id} was not proved`
    : `${open.id} has no stamp of its effect`;
}

function boundsOf(group: Group, rateRps: Rps): Bounds {
  return {
    effect: effectOf(group) ?? { stampUs: group.fromUs, lowUs: group.fromUs },
    clearedUs: clearedOf(group)?.atUs ?? null,
    untilUs: group.untilUs,
    holdUs: holdUs(rateRps),
  };
}

/** What was really offered, from steady to the end of observation. */
function rateOf(traffic: Traffic, { spans, untilUs, plan }: EpisodesOf): Rps {
  const fromUs = spanOf(spans, "steady")?.fromUs ?? 0;
  const { from, until } = within(traffic.requests, fromUs, untilUs);
  const rate = (until - from) / Math.max(1, (untilUs - fromUs) / 1_000_000);
  return rate > 0 ? rate : plan.load.rateRps;
}

function steadyCounts(traffic: Traffic, spans: readonly Span[]): Calm {
  const span = spanOf(spans, "steady");
  return span
    ? calmOf(slice(traffic.signal, span.fromUs, span.untilUs))
    : { bad: 0, n: 0, again: 0 };
}

function serviceOf(traffic: Traffic, group: Group, of: EpisodesOf, why: string | null): LaneCourse {
  if (why !== null) return invalid(why);
  const steadyWhy = of.steadyWhy.get(traffic.name) ?? [];
  if (steadyWhy.length > 0) return invalid(`the steady phase is no basis: ${steadyWhy.join("; ")}`);
  const rateRps = rateOf(traffic, of);
  const bounds = boundsOf(group, rateRps);
  const episode = badOf(slice(traffic.signal, bounds.effect.lowUs, group.untilUs));
  if (episode.n === 0) return invalid("no requests in the episode");
  const course = courseOf({
    signal: traffic.signal,
    fromUs: bounds.effect.lowUs,
    untilUs: group.untilUs,
    slo: of.plan.slo,
    steady: steadyCounts(traffic, of.spans),
    rateRps,
    lagUs: of.lagUs,
  });
  return serviceLane(course, bounds, episode.n);
}

function capacityCourse(group: Group, of: EpisodesOf, why: string | null): LaneCourse {
  if (why !== null) return invalid(why);
  const bounds = boundsOf(group, of.plan.load.rateRps);
  const fromUs = bounds.effect.lowUs;
  return capacityLane(capacityOf(of.plan, of.events, { fromUs, untilUs: group.untilUs }), bounds);
}

function reasons(
  group: Group,
  of: EpisodesOf,
  { service, capacity }: { readonly service: readonly LaneCourse[]; readonly capacity: LaneCourse },
): Episode["reasons"] {
  const effect = effectOf(group);
  if (!effect) return [];
  const down = (course: LaneCourse, traffic: Traffic | null): readonly DownLane[] => {
    if (course.lane.class === "INVALID" || course.lane.class === "MASKED") return [];
    const { impact, back } = course;
    return [
      {
        lane: traffic ? "service" : "capacity",
        traffic,
        fromUs: impact?.atUs ?? effect.stampUs,
        untilUs: back?.atUs ?? group.untilUs,
        back: back !== null,
      },
    ];
  };
  const lanes = service.flatMap((course, i) => down(course, of.traffics[i]!));
  const { plan, kubernetes, events, samples } = of;
  const scene = { plan, kubernetes, events, samples, effect, untilUs: group.untilUs };
  return reasonsOf([...lanes, ...down(capacity, null)], scene);
}

/** Why nothing can be said of all scenarios together. */
function blindness({ steadyWhy }: EpisodesOf, why: string | null): string | null {
  const blind = [...steadyWhy.values()].some((reasons) => reasons.length > 0);
  return why ?? (blind ? "the steady phase is no basis" : null);
}

function burnRate(group: Group, of: EpisodesOf, why: string | null): Episode["burnRate"] {
  return burnRateOf({
    signals: of.traffics.map(({ signal }) => signal),
    steady: spanOf(of.spans, "steady"),
    fromUs: effectOf(group)?.stampUs ?? group.fromUs,
    untilUs: group.untilUs,
    slo: of.plan.slo,
    timeoutMs: of.plan.load.timeoutMs,
    samples: of.samples,
    invalid: blindness(of, why),
  });
}

function loss(group: Group, of: EpisodesOf, why: string | null): ReturnType<typeof lossOf> {
  const fromUs = effectOf(group)?.lowUs ?? group.fromUs;
  return lossOf({
    scenarios: of.traffics.map((traffic) => ({
      steady: steadyCounts(traffic, of.spans),
      episode: badOf(slice(traffic.signal, fromUs, group.untilUs)),
    })),
    forUs: group.untilUs - fromUs,
    slo: of.plan.slo,
    invalid: blindness(of, why),
  });
}
