import type { Damage } from "./damage.ts";
import type { EvidenceLevel } from "./evidence.ts";
import type { Json } from "./json.ts";
import type { Measured } from "./measured.ts";
import type { StackPatch, StepId } from "./plan.ts";
import type { Ms, Ratio, Us } from "./quantity.ts";
import type { RequestOutcome } from "./request.ts";

export type Class = "MASKED" | "RECOVERED" | "UNRECOVERED" | "METASTABLE" | "INVALID";

/** One side of an episode: what clients of one scenario saw, or what capacity did. */
export interface Lane {
  readonly class: Class;
  /** From the effect to good again, for good; 0 when masked. */
  readonly recovery: Measured<"ms">;
  /** Clients came back slowly: over this time the bad share fell. Absent: at once. */
  readonly ramp?: Measured<"ms">;
  readonly waterfall: readonly Segment[];
  /** Why it is INVALID or what to know about it; "" where there is nothing to say. */
  readonly note: string;
}

/** What kept a lane down or made it long: told only where the record proves it. */
export interface Reason {
  readonly lane: "service" | "capacity";
  /** Of service: which one; of capacity null. */
  readonly scenario: string | null;
  readonly what: string;
  /** The entries of the record that prove it, all times on the run's clock. */
  readonly evidence: Json;
  /** What to do about it. */
  readonly hint: string;
}

/**
 * The instants of an episode. `req` inject asked · `inj` the holder's stamp · `imp` clients first
 * hurt · `det:<detector>` first signal of a detector · `clr` effect gone · `rec` service recovered
 * · `full` capacity, redundancy and latency back.
 */
export type Clocks = Readonly<Record<string, Measured<"us">>>;

/** Overlapping faults and what followed: measured together. */
export interface Episode {
  readonly steps: readonly StepId[];
  readonly level: EvidenceLevel;
  readonly fromUs: Us;
  readonly untilUs: Us;
  readonly clocks: Clocks;
  /** By scenario. */
  readonly service: Readonly<Record<string, Lane>>;
  readonly capacity: Lane;
  readonly reasons: readonly Reason[];
  /** Pieces that were predicted before the injects; absent: none was. */
  readonly predicted?: number;
  /** Absent: nothing was predicted. */
  readonly advice?: readonly Advice[];
  /** Excess bad requests over the steady share, all scenarios. */
  readonly lost: Measured<"count">;
  /** Equivalent seconds of a full outage. */
  readonly outageMs: Measured<"ms">;
  /** Share of the error budget of the SLO's window, at the offered rate. */
  readonly budget: Measured<"ratio">;
  /** So many such episodes spend that budget, whole ones; `beyond`: it may have cost nothing. */
  readonly affords: Measured<"count">;
  readonly burnRate: BurnRate;
}

/** Alerts on how fast the error budget burns, all times from the effect. */
export interface BurnRate {
  /** The usual ones, as the requests say. */
  readonly alerts: readonly BurnAlert[];
  /** That the record has; empty: it has none. */
  readonly real: readonly RealAlert[];
}

/** Fires while in both windows more than `thresholdRatio` of the requests are bad. */
export interface BurnAlert {
  readonly severity: "page" | "ticket";
  /** So many times as fast as the budget allows. */
  readonly factor: number;
  /** Above 1 it can never fire. */
  readonly thresholdRatio: Ratio;
  readonly longMs: Ms;
  readonly shortMs: Ms;
  /** When it should have fired; `beyond`: not before, or not by the end of the episode. */
  readonly due: Measured<"ms">;
  /** How long it was due then. */
  readonly held: Measured<"ms">;
}

export interface RealAlert {
  readonly name: string;
  /** Of several alerts that it stands for the first. */
  readonly due: Measured<"ms">;
  readonly held: Measured<"ms">;
  readonly fired: Measured<"ms">;
}

/**
 * A piece between two clocks, or of a pod: it was `evicted`, another was `created`, `scheduled` and
 * `started`; or its container `ended:<n>` and was `restarted:<n>`, for the nth time.
 */
export interface Segment {
  readonly from: string;
  readonly to: string;
  readonly took: Measured<"ms">;
  /** Null: nobody knows what these seconds are due to. */
  readonly cause: {
    readonly object: string;
    readonly setting: string;
    readonly value: Json;
    readonly predicted: { readonly lowMs: Ms; readonly highMs: Ms };
  } | null;
}

/** A setting to change, from a segment that it is the cause of. */
export interface Advice {
  readonly lane: "service" | "capacity";
  /** Of service: which one; of capacity null. */
  readonly scenario: string | null;
  readonly object: string;
  readonly setting: string;
  readonly from: Json;
  readonly to: Json;
  /** Between the middles of the two predictions, and never more than was measured. */
  readonly savesMs: Ms;
  /** What the change makes worse, in one sentence. */
  readonly risk: string;
  /** JSON Patch of an object of the stack; null: the setting is none of an object. */
  readonly patch: StackPatch | null;
}

/** What one scenario got in one phase; good is judged under the plan's SLO. */
export interface PhaseCounts {
  readonly fromUs: Us;
  readonly untilUs: Us;
  readonly intended: number;
  readonly good: number;
  readonly dropped: number;
  readonly open: number;
  readonly outcomes: Readonly<Partial<Record<RequestOutcome, number>>>;
  readonly goodRatio: Measured<"ratio">;
  /** Share of answered requests on a reused connection. */
  readonly reusedRatio: Measured<"ratio">;
  /** From the intended start; failed requests count as infinitely slow. */
  readonly latency: {
    readonly p50: Measured<"ms">;
    readonly p95: Measured<"ms">;
    readonly p99: Measured<"ms">;
  };
}

export interface ScenarioMeasurement {
  readonly name: string;
  readonly connection: "new" | "reused";
  readonly phases: Readonly<
    Partial<Record<"warmup" | "steady" | "faults" | "observe", PhaseCounts>>
  >;
  /** Whether the steady phase can carry a judgement, and why not. */
  readonly steady: { readonly valid: boolean; readonly why: readonly string[] };
}

/** One line of a chart; null where nothing was measured. */
export interface Series {
  readonly metric: string;
  readonly atUs: readonly Us[];
  readonly values: readonly (number | null)[];
}

/** Whether the record can be judged at all. */
export interface Completeness {
  /** requests ends with its counted end line. */
  readonly requestsComplete: boolean;
  readonly requests: number;
  /** Why `abortWhen` ended the run before its time; absent: it did not. */
  readonly aborted?: string;
  /** Phase `end` was reached, without an error event. */
  readonly runComplete: boolean;
  readonly problems: readonly string[];
}

/** What became of each step: the grounds of fault-took-effect and cluster-clean. */
export interface StepMeasurement {
  readonly id: StepId;
  readonly fault: string;
  readonly targets: readonly string[];
  readonly injected: boolean;
  readonly proved: "proved" | "unproved" | "unknown";
  readonly healed: "healed" | "failed" | "open" | "nothing-to-heal";
  readonly healProved: "proved" | "unproved" | "unknown" | "nothing-to-heal";
  readonly lapsed: boolean;
  /** How late the inject began after its planned time. */
  readonly late: Measured<"ms">;
  /** From the asking to the holder's stamp. */
  readonly injectTook: Measured<"ms">;
  readonly evidence: Json;
}

/** Was the load really offered. */
export interface GeneratorMeasurement {
  /** What the plan asks for over the phases that `offered` counts. */
  readonly planned: Measured<"count">;
  readonly offered: Measured<"count">;
  readonly dropped: Measured<"count">;
  /** 99th percentile of start minus intended start, over all that was sent. */
  readonly lateP99: Measured<"ms">;
}

/** Derived from a record by pure code, and from nothing else. */
export interface Measurement {
  readonly schema: 1;
  readonly experiment: string;
  readonly seed: string;
  readonly level: EvidenceLevel;
  readonly phases: readonly { readonly phase: string; readonly fromUs: Us; readonly untilUs: Us }[];
  readonly steps: readonly StepMeasurement[];
  readonly episodes: readonly Episode[];
  readonly scenarios: readonly ScenarioMeasurement[];
  readonly generator: GeneratorMeasurement;
  readonly completeness: Completeness;
  /** Foreseen and accepted; absent: none was. */
  readonly damage?: readonly Damage[];
  /** Left behind after the run: object and the command that removes it. */
  readonly leftovers: readonly { readonly object: string; readonly remove: string }[] | null;
  readonly series: readonly Series[];
}
