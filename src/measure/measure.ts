import type { Measurement } from "../model/measurement.ts";
import type { RunRecord } from "../model/record.ts";
import { Columns } from "./columns.ts";
import { completenessOf, whyIncomplete } from "./completeness.ts";
import { damageOf } from "./damage.ts";
import { episodesOf } from "./episodes.ts";
import { generatorOf } from "./generator.ts";
import { leftoversOf } from "./leftovers.ts";
import { orderEvents } from "./order-events.ts";
import { lastTickOf, orderRequests } from "./order-requests.ts";
import { orderSamples } from "./order-samples.ts";
import { endUs, observedUntil, phaseSpans } from "./phases.ts";
import { Problems } from "./problems.ts";
import { scenarioOf } from "./scenarios.ts";
import { seriesOf } from "./series.ts";
import { stepsOf } from "./steps.ts";
import { trafficOf } from "./traffic.ts";

/**
 * Record to measurement: pure, whatever the order of the record's lines. Never throws on what a
 * record may hold: what cannot be read is a problem, and with a problem every lane is INVALID.
 */
export function measure(record: RunRecord): Measurement {
  const { plan, environment } = record;
  const problems = new Problems();
  const events = orderEvents(record.events, plan, problems);
  const own = environment?.planSha256 !== undefined;
  const spans = phaseSpans(events, { plan, own }, problems);
  const lastUs = endUs(spans);
  const ordered = orderRequests(record, lastUs, problems);
  const samples = orderSamples(record.samples, lastUs, problems);
  const lastTickUs = Math.max(0, ...[...ordered.values()].map(lastTickOf));
  const { rateRps } = plan.load;
  const untilUs = observedUntil(spans, events, { lastTickUs, rateRps });
  const traffics = plan.load.scenarios.map((scenario) =>
    trafficOf(scenario, ordered.get(scenario.name) ?? new Columns(0), { slo: plan.slo, untilUs }),
  );
  const scenarios = traffics.map((traffic) => scenarioOf(traffic, spans, plan));
  const generator = generatorOf(plan, traffics, { spans, untilUs });
  const completeness = completenessOf(record, events, { spans, problems });
  const level = environment?.level ?? "simulated";
  return {
    schema: 1,
    experiment: plan.experiment,
    seed: plan.seed,
    level,
    phases: spans,
    steps: stepsOf(plan, events),
    episodes: episodesOf({
      plan,
      level,
      kubernetes: environment?.cluster.kubernetes ?? "",
      events,
      samples,
      spans,
      traffics,
      steadyWhy: new Map(scenarios.map(({ name, steady }) => [name, steady.why])),
      recordWhy: whyIncomplete(completeness),
      lagUs: generator.lateP99.is === "value" ? generator.lateP99.high * 1_000 : 0,
      untilUs,
    }),
    scenarios,
    generator,
    completeness,
    ...damageOf(events),
    leftovers: leftoversOf(events, spans),
    series: seriesOf({ plan, events, traffics, samples, untilUs }),
  };
}
