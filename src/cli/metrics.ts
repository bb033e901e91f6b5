// What a run tells while it goes on, in Prometheus' exposition format.
import { Counter, Gauge, Registry } from "prom-client";
import { PHASES, type Event } from "../model/event.ts";
import type { Measured } from "../model/measured.ts";
import type { Episode, Lane } from "../model/measurement.ts";
import type { Plan } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import { isGood, type Request, type Sample } from "../model/request.ts";
import type { Outcome } from "../model/verdict.ts";
import type { Clock } from "../ports/clock.ts";
import type { RunLog } from "../store/run-log.ts";
import type { Judged } from "./judging.ts";
import { LiveState } from "./live-state.ts";

const OUTCOMES: readonly Outcome[] = ["pass", "fail", "unknown"];
const SECOND_US = 1_000_000;
/** Rates and ratios are over the requests intended in the last so many seconds. */
const OVER_S = 10;
/** Of one metric; what is beyond is counted in ninety_metrics_left_out. */
const SERIES_MAX = 100;
const LABEL_MAX_CHARACTERS = 120;

/** One metric with its series; without any it is not there. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly counts?: boolean;
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

type Source = Pick<RunLog, "listen">;

/** Live metrics of one run, folded from its record while it is written. */
export class RunMetrics {
  readonly #plan: Plan;
  readonly #clock: Pick<Clock, "nowUs">;
  readonly #state: LiveState;
  readonly #scenarios: ReadonlyMap<string, ScenarioRates>;
  #judged: Judged | null = null;

  constructor(of: { readonly plan: Plan; readonly log: Source; readonly clock: Clock }) {
    this.#plan = of.plan;
    this.#clock = of.clock;
    this.#state = new LiveState(of.plan);
    this.#scenarios = new Map(
      of.plan.load.scenarios.map(({ name }) => [name, new ScenarioRates()]),
    );
    of.log.listen({
      event: (event: Event) => void this.#state.event(event),
      request: (request: Request) => {
        const known = isGood(request, of.plan.slo, of.clock.nowUs());
        this.#scenarios.get(request.scenario)?.add(request.intendedUs, known === true);
      },
      sample: (sample: Sample) => this.#state.sample(sample),
    });
  }

  /** What came out; told from then on. */
  end(judged: Judged | null): void {
    this.#judged = judged;
  }

  text(): Promise<string> {
    return exposition([
      ...this.#progress(),
      ...this.#requests(),
      ...this.#faults(),
      ...this.#counts(),
      ...(this.#judged ? resultOf(this.#judged) : []),
    ]);
  }

  #progress(): readonly Metric[] {
    const nowUs = this.#clock.nowUs();
    const { experiment, seed } = this.#plan;
    const leftMs = this.#state.leftMs(nowUs);
    return [
      {
        name: "ninety_run_info",
        help: "Which run this is; always 1.",
        series: [{ labels: { experiment, seed }, value: 1 }],
      },
      single("ninety_run_seconds", "Since the start of the run.", nowUs / SECOND_US),
      {
        name: "ninety_phase",
        help: "1 for the phase that the run is in.",
        series: PHASES.map((phase) => ({
          labels: { phase },
          value: phase === this.#state.phase ? 1 : 0,
        })),
      },
      single(
        "ninety_phase_left_seconds",
        "What is left of the present phase, at most; absent where nobody can say.",
        leftMs === null ? null : leftMs / 1_000,
      ),
      single("ninety_slo_good_ratio", "The share that must be good.", this.#plan.slo.goodRatio),
    ];
  }

  #requests(): readonly Metric[] {
    const nowUs = this.#clock.nowUs();
    const rows = [...this.#scenarios].map(([scenario, rates]) => ({
      labels: { scenario },
      ...rates.total,
      last: rates.last(nowUs),
    }));
    const by = (value: (row: (typeof rows)[number]) => number | null): Metric["series"] =>
      rows.flatMap((row) => {
        const known = value(row);
        return known === null ? [] : [{ labels: row.labels, value: known }];
      });
    const over = `intended in the last ${OVER_S} s and ended`;
    return [
      {
        name: "ninety_requests_total",
        help: "Requests that ended or were dropped.",
        counts: true,
        series: by(({ offered }) => offered),
      },
      {
        name: "ninety_requests_good_total",
        help: "Those that were good under the plan's SLO.",
        counts: true,
        series: by(({ good }) => good),
      },
      {
        name: "ninety_offered_rps",
        help: `Requests per second, ${over}.`,
        series: by(({ last }) => last.offered / OVER_S),
      },
      {
        name: "ninety_good_rps",
        help: `Good requests per second, ${over}.`,
        series: by(({ last }) => last.good / OVER_S),
      },
      {
        name: "ninety_good_ratio",
        help: `Share of good requests, ${over}; absent where there were none.`,
        series: by(({ last }) => (last.offered === 0 ? null : last.good / last.offered)),
      },
    ];
  }

  #faults(): readonly Metric[] {
    const nowUs = this.#clock.nowUs();
    return [
      {
        name: "ninety_fault_open_seconds",
        help: "How long a fault has been held; absent once it is healed.",
        series: [...this.#state.openFaults.values()].map(({ id, sinceUs, proof }) => ({
          labels: {
            step: id,
            fault: this.#plan.steps.find((step) => step.id === id)?.fault ?? "",
            proof,
          },
          value: Math.max(0, nowUs - sinceUs) / SECOND_US,
        })),
      },
    ];
  }

  #counts(): readonly Metric[] {
    const read = (name: string): number | null => this.#state.metric(name);
    return [
      single("ninety_replicas_ready", "Ready replicas of all parts.", read("replicas_ready")),
      single("ninety_endpoints_ready", "Ready endpoints of all parts.", read("endpoints_ready")),
      single("ninety_gpus_healthy", "Healthy GPUs of all nodes.", read("gpus_healthy")),
      single("ninety_gpus_capacity", "GPUs of all nodes.", read("gpus_capacity")),
    ];
  }
}

/** Requests of one scenario in the last seconds, by intended start, and of all time. */
class ScenarioRates {
  readonly total = { offered: 0, good: 0 };
  readonly #seconds = Array.from({ length: OVER_S }, () => ({ second: -1, offered: 0, good: 0 }));

  add(intendedUs: Us, isGoodOne: boolean): void {
    const good = isGoodOne ? 1 : 0;
    this.total.offered += 1;
    this.total.good += good;
    const second = Math.floor(intendedUs / SECOND_US);
    const slot = this.#seconds[second % OVER_S];
    if (!slot || slot.second > second) return;
    if (slot.second < second) Object.assign(slot, { second, offered: 0, good: 0 });
    slot.offered += 1;
    slot.good += good;
  }

  /** Of the last whole seconds: one that goes on would look like a loss. */
  last(nowUs: Us): { readonly offered: number; readonly good: number } {
    const now = Math.floor(nowUs / SECOND_US);
    const whole = this.#seconds.filter(({ second }) => second >= now - OVER_S && second < now);
    const sum = (of: "offered" | "good"): number => whole.reduce((all, one) => all + one[of], 0);
    return { offered: sum("offered"), good: sum("good") };
  }
}

function single(name: string, help: string, value: number | null): Metric {
  return { name, help, series: value === null ? [] : [{ labels: {}, value }] };
}

function resultOf({ measurement, verdict }: Judged): readonly Metric[] {
  return [
    {
      name: "ninety_verdict",
      help: "1 for what the run ended with.",
      series: OUTCOMES.map((outcome) => ({
        labels: { outcome },
        value: verdict.outcome === outcome ? 1 : 0,
      })),
    },
    {
      name: "ninety_recovery_seconds",
      help: "From the effect to good again, for good: value and interval; only low: not by the end.",
      series: measurement.episodes.flatMap(recoveries),
    },
  ];
}

function recoveries({ steps, service, capacity }: Episode): Metric["series"] {
  const of = (lane: string, scenario: string, { class: is, recovery }: Lane): Metric["series"] =>
    bounds(recovery).map(([bound, ms]) => ({
      labels: { steps: steps.join(","), lane, scenario, class: is, bound },
      value: ms / 1_000,
    }));
  return [
    ...Object.entries(service).flatMap(([name, lane]) => of("service", name, lane)),
    ...of("capacity", "", capacity),
  ];
}

function bounds(of: Measured): readonly (readonly [bound: string, value: number])[] {
  if (of.is === "absent") return [];
  if (of.is === "beyond") return [["low", of.low]];
  return [
    ["value", of.value],
    ["low", of.low],
    ["high", of.high],
  ];
}

function exposition(metrics: readonly Metric[]): Promise<string> {
  const registry = new Registry();
  let leftOut = 0;
  const put = ({ name, help, counts, series }: Metric): void => {
    const first = series[0];
    if (!first) return;
    const common = { name, help, labelNames: Object.keys(first.labels), registers: [registry] };
    const [counter, gauge] = counts ? [new Counter(common), null] : [null, new Gauge(common)];
    for (const { labels, value } of series.slice(0, SERIES_MAX)) {
      const short = Object.entries(labels).map(([key, text]) => [
        key,
        text.slice(0, LABEL_MAX_CHARACTERS),
      ]);
      const own = Object.fromEntries(short) as Record<string, string>;
      counter?.inc(own, value);
      gauge?.set(own, value);
    }
    leftOut += Math.max(0, series.length - SERIES_MAX);
  };
  for (const metric of metrics) put(metric);
  put(single("ninety_metrics_left_out", `Series beyond ${SERIES_MAX} of one metric.`, leftOut));
  return registry.metrics();
}
