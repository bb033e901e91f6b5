import type { Event } from "../model/event.ts";
import { listAt, textAt } from "../model/json.ts";
import type { Series } from "../model/measurement.ts";
import type { Plan } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import type { Sample } from "../model/request.ts";
import { capacityOf, countedParts } from "./capacity.ts";
import type { Traffic } from "./traffic.ts";

const SECOND_US = 1_000_000;
/** Longest run that is drawn; a plan is never longer. */
const SECONDS_MAX = 7 * 24 * 3_600;

/**
 * One value a second from the start of the run to the end of observation. Metrics are named
 * `name{tag=value,…}`: `offered`, `good`, `good_ratio` (null where nobody can judge), `p50_ms` and
 * `p99_ms` (null where it never came) and `outcome` by scenario; `replicas_ready` by part and `endpoints_ready` by service, from the watches; and
 * every other metric that was sampled, with its own tags, the last value of each second.
 */
export function seriesOf(of: {
  readonly plan: Plan;
  readonly events: readonly Event[];
  readonly traffics: readonly Traffic[];
  /** By time; of two values at one instant the larger comes last. */
  readonly samples: readonly Sample[];
  readonly untilUs: Us;
}): readonly Series[] {
  const seconds = Math.min(SECONDS_MAX, Math.ceil(of.untilUs / SECOND_US));
  const atUs = Array.from({ length: seconds }, (_, i) => i * SECOND_US);
  const lines: ReadonlyMap<string, (number | null)[]>[] = [
    ...of.traffics.map((traffic) => trafficLines(traffic, seconds)),
    replicaLines(of.plan, of.events, { seconds, untilUs: of.untilUs }),
    endpointLines(of.events, seconds),
  ];
  const known = new Set(lines.flatMap((line) => [...line.keys()].map(bareName)));
  const sampled = sampleLines(
    of.samples.filter(({ metric }) => !known.has(metric)),
    seconds,
  );
  return [...lines, sampled].flatMap((line) =>
    [...line].map(([metric, values]) => ({ metric, atUs, values })),
  );
}

function bareName(metric: string): string {
  return metric.replace(/\{.*$/, "");
}

function trafficLines(traffic: Traffic, seconds: number): ReadonlyMap<string, (number | null)[]> {
  const tag = `scenario=${traffic.name}`;
  const offered = zeros(seconds);
  const good = zeros(seconds);
  const judged = zeros(seconds);
  const outcomes = new Map<string, number[]>();
  const came: number[][] = Array.from({ length: seconds }, () => []);
  const { requests } = traffic;
  for (let i = 0; i < requests.length; i += 1) {
    const second = Math.floor(requests.intendedUs[i]! / SECOND_US);
    if (second >= seconds) continue;
    offered[second]! += 1;
    if (traffic.good[i] === 1) good[second]! += 1;
    if (traffic.good[i] !== 2) judged[second]! += 1;
    const outcome = requests.outcome(i);
    const line = outcomes.get(outcome) ?? zeros(seconds);
    line[second]! += 1;
    outcomes.set(outcome, line);
    if (outcome === "ok") came[second]!.push(requests.endUs[i]! - requests.intendedUs[i]!);
  }
  const ratio = judged.map((n, second) => (n === 0 ? null : good[second]! / n));
  const sorted = came.map((latencies) => latencies.sort((a, b) => a - b));
  const quantile = (share: number): (number | null)[] =>
    sorted.map((latencies, second) => quantileOf(latencies, judged[second]!, share));
  return new Map<string, (number | null)[]>([
    [`offered{${tag}}`, offered],
    [`good{${tag}}`, good],
    [`good_ratio{${tag}}`, ratio],
    [`p50_ms{${tag}}`, quantile(0.5)],
    [`p99_ms{${tag}}`, quantile(0.99)],
    ...[...outcomes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([outcome, line]) => [`outcome{outcome=${outcome},${tag}}`, line] as const),
  ]);
}

function zeros(n: number): number[] {
  return Array.from({ length: n }, () => 0);
}

/** Of `n` requests, of which those that came are sorted: the others are slower than all of them. */
function quantileOf(cameUs: readonly number[], n: number, share: number): number | null {
  const found = cameUs[Math.ceil(n * share) - 1];
  return found === undefined ? null : found / 1_000;
}

/** The state at the end of each second; null before anything was seen. */
function steps(
  changes: readonly { readonly atUs: Us; readonly value: number }[],
  seconds: number,
): (number | null)[] {
  const out: (number | null)[] = [];
  let next = 0;
  let now: number | null = null;
  for (let second = 0; second < seconds; second += 1) {
    while (next < changes.length && changes[next]!.atUs < (second + 1) * SECOND_US) {
      now = changes[next]!.value;
      next += 1;
    }
    out.push(now);
  }
  return out;
}

function replicaLines(
  plan: Plan,
  events: readonly Event[],
  { seconds, untilUs }: { readonly seconds: number; readonly untilUs: Us },
): ReadonlyMap<string, (number | null)[]> {
  const lines = new Map<string, (number | null)[]>();
  for (const part of countedParts(plan)) {
    const wanted = part.replicas ?? podsSeen(part.part, events);
    if (wanted === 0) continue;
    const alone = { ...plan, stack: [{ ...part, replicas: wanted }] };
    const { deficits, unseen } = capacityOf(alone, events, { fromUs: 0, untilUs });
    if (unseen.length > 0) continue;
    const changes = deficits.map(({ atUs, missing }) => ({ atUs, value: wanted - missing }));
    lines.set(`replicas_ready{part=${part.part}}`, steps(changes, seconds));
  }
  return lines;
}

/** All there ever were: of a part that scales there are never more at once. */
function podsSeen(part: string, events: readonly Event[]): number {
  const uids = events.flatMap((event) =>
    event.type === "cluster" && textAt(event.detail, "part") === part
      ? [textAt(event.detail, "uid")]
      : [],
  );
  return new Set(uids).size;
}

function endpointLines(
  events: readonly Event[],
  seconds: number,
): ReadonlyMap<string, (number | null)[]> {
  const changes = new Map<string, { readonly atUs: Us; readonly value: number }[]>();
  for (const event of events) {
    if (event.type !== "cluster" || !event.object.startsWith("endpoints/")) continue;
    const name = event.object.slice("endpoints/".length);
    const own = changes.get(name) ?? [];
    own.push({ atUs: event.atUs, value: listAt(event.detail, "ready").length });
    changes.set(name, own);
  }
  return new Map(
    [...changes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, own]) => [`endpoints_ready{service=${name}}`, steps(own, seconds)]),
  );
}

function sampleLines(
  samples: readonly Sample[],
  seconds: number,
): ReadonlyMap<string, (number | null)[]> {
  const lines = new Map<string, (number | null)[]>();
  for (const { metric, tags, atUs, value } of samples) {
    const second = Math.floor(atUs / SECOND_US);
    if (!(second >= 0 && second < seconds) || !Number.isFinite(value)) continue;
    const text = Object.entries(tags).map(([key, tag]) => `${key}=${tag}`);
    const name = text.length === 0 ? metric : `${metric}{${text.sort().join(",")}}`;
    const line = lines.get(name) ?? Array.from({ length: seconds }, () => null);
    line[second] = value;
    lines.set(name, line);
  }
  return new Map([...lines].sort(([a], [b]) => (a < b ? -1 : 1)));
}
