import { duration, optional } from "../model/fields.ts";
import { absent, atMost } from "../model/measured.ts";
import type { Episode, Lane, Reason } from "../model/measurement.ts";
import type { Ms } from "../model/quantity.ts";
import type { Finding } from "../model/verdict.ts";
import { defineCheck } from "../ports/check.ts";

const NAME = "recovery";

const HINTS = {
  MASKED: "clients did not notice",
  RECOVERED: "the waterfall in the report says which seconds it took",
  UNRECOVERED: "it did not come back in time: observe for longer, or find what keeps it down",
  METASTABLE: "the fault is gone and the damage stays: look for retries, queues, stuck clients",
  INVALID: "nothing was measured",
} as const;

/** A reason says more than a class. */
function hintOf(lane: Lane, reasons: readonly Reason[]): string {
  const note = lane.note === "" ? [] : [lane.note];
  if (reasons.length === 0) return [HINTS[lane.class], ...note].join(": ");
  return [...note, ...reasons.map(({ what, hint }) => `${what}: ${hint}`)].join("; ");
}

function judgeLane(
  what: string,
  of: { readonly lane: Lane; readonly episode: Episode; readonly scenario: string | null },
  maxMs: Ms | undefined,
): readonly Finding[] {
  const { lane, episode, scenario } = of;
  const which = scenario === null ? "capacity" : "service";
  const reasons = episode.reasons.filter(
    (reason) => reason.lane === which && reason.scenario === scenario,
  );
  const hint = hintOf(lane, reasons);
  const { steps: about } = episode;
  return atMost({ check: NAME, what, observed: lane.recovery, about, hint }, maxMs);
}

interface Limits {
  readonly serviceMs: Ms | undefined;
  readonly capacityMs: Ms | undefined;
}

function judgeEpisode(episode: Episode, { serviceMs, capacityMs }: Limits): readonly Finding[] {
  const service = Object.entries(episode.service).flatMap(([scenario, lane]) =>
    judgeLane(`service recovery, scenario ${scenario}`, { lane, episode, scenario }, serviceMs),
  );
  const { capacity } = episode;
  const of = { lane: capacity, episode, scenario: null };
  return [...service, ...judgeLane("capacity recovery", of, capacityMs)];
}

function nothing({ serviceMs, capacityMs }: Limits): readonly Finding[] {
  const observed = absent("ms", "no fault took effect");
  const of = (what: string, maxMs: Ms | undefined): readonly Finding[] =>
    atMost({ check: NAME, what, observed, about: [] }, maxMs);
  return [...of("service recovery", serviceMs), ...of("capacity recovery", capacityMs)];
}

/**
 * From the effect until clients are well again, and until as many pods as wanted are there again,
 * for good: each episode and each scenario apart. An INVALID lane is unknown, one that never came
 * back fails once that is longer than the limit.
 */
export const recovery = defineCheck({
  name: NAME,
  about: "Clients and capacity are back in time, judged by the whole interval.",
  params: {
    service: optional(
      duration({ about: "from the effect until clients are well again, for good" }),
    ),
    capacity: optional(duration({ about: "from the effect until all pods are there, for good" })),
  },
  problems: ({ serviceMs, capacityMs }) =>
    serviceMs === undefined && capacityMs === undefined
      ? ["recovery must name service, capacity or both, got neither"]
      : [],
  judge: ({ episodes }, limits) =>
    episodes.length === 0 ? nothing(limits) : episodes.flatMap((one) => judgeEpisode(one, limits)),
});
