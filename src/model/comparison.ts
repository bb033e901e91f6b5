import type { EvidenceLevel } from "./evidence.ts";
import type { Json } from "./json.ts";
import type { Measured } from "./measured.ts";
import type { Ratio } from "./quantity.ts";
import type { Outcome } from "./verdict.ts";

/** What a run says of one primary metric; `ended: false`: more than `time`, which was observed. */
export interface MetricOfRun {
  /** `service recovery, <scenario>`, `capacity recovery`, `lost requests`, `budget share`. */
  readonly metric: string;
  readonly unit: "ms" | "count" | "ratio";
  /** The worst of the run's episodes, of losses their sum; null: INVALID or not measured. */
  readonly got: { readonly time: number; readonly ended: boolean } | null;
}

/** A run as comparisons know it: what a baseline keeps of its record. */
export interface RunFacts {
  readonly schema: 1;
  /** Name of its folder. */
  readonly run: string;
  /** SHA-256 of its events and requests: two copies of a record are one run. */
  readonly sha256: string;
  readonly experiment: string;
  readonly seed: string;
  /** UTC, ISO 8601; null where the record does not say. */
  readonly startedAt: string | null;
  readonly outcome: Outcome;
  readonly level: EvidenceLevel;
  readonly planSha256: string;
  /** What was asked of the service: the plan without seed, stack and checks. */
  readonly question: Json;
  /** SHA-256 of each part of the stack: what is compared may differ in it. */
  readonly stack: Readonly<Record<string, string>>;
  readonly environment: {
    readonly ninety: string;
    readonly gitCommit: string | null;
    readonly clusterKind: string;
    readonly kubernetes: string;
    readonly machine: Json;
  };
  readonly metrics: readonly MetricOfRun[];
}

export interface GroupOfRuns {
  /** That said something. */
  readonly n: number;
  /** Of these: not back when observation ended. */
  readonly censored: number;
  /** INVALID or not measured. */
  readonly leftOut: number;
  readonly median: Measured;
  /** To the common horizon of both groups. */
  readonly restrictedMean: Measured;
}

/** Better and worse are told only where the test rejects that nothing changed. */
export type Reading = "worse" | "better" | "no change seen" | "cannot see" | "not compared";

export interface MetricComparison {
  readonly metric: string;
  readonly unit: MetricOfRun["unit"];
  readonly a: GroupOfRuns;
  readonly b: GroupOfRuns;
  /** Hodges and Lehmann's, of b against a; its interval has `shiftConfidence`. */
  readonly shift: Measured;
  readonly shiftConfidence: Ratio;
  /** Of the restricted means, b to a. */
  readonly ratio: Measured<"times">;
  /** Exact, two-sided; null: not compared. */
  readonly p: Ratio | null;
  /** After Holm over the primary metrics. */
  readonly pHolm: Ratio | null;
  /** The smallest that counts like these can reach. */
  readonly pSmallest: Ratio | null;
  /** The smallest worsening that is seen four times in five, by the spread of these runs. */
  readonly detectable: Measured;
  readonly reading: Reading;
  /** It is this metric in another unit and has its test: counted once. */
  readonly sameAs?: string;
}

export interface Comparison {
  readonly schema: 1;
  readonly experiment: string;
  readonly level: EvidenceLevel;
  readonly alpha: Ratio;
  readonly runs: { readonly a: number; readonly b: number };
  readonly metrics: readonly MetricComparison[];
  /** How the groups differ, a sentence each. */
  readonly differs: readonly string[];
  readonly outcome: Outcome;
  readonly why: readonly string[];
}

/** One look of a gate at one metric. */
export interface GateMetric {
  readonly metric: string;
  readonly unit: MetricOfRun["unit"];
  readonly baseline: GroupOfRuns;
  readonly candidate: GroupOfRuns;
  readonly shift: Measured;
  readonly shiftConfidence: Ratio;
  /** How much worse is no regression. */
  readonly tolerated: number;
  /** How much worse must be seen, else the gate cannot answer. */
  readonly wanted: number;
  /** One-sided: worse than tolerated. Null: not compared. */
  readonly p: Ratio | null;
  readonly detectable: Measured;
  readonly reading: "regression" | "none seen" | "cannot see" | "not compared";
  readonly sameAs?: string;
}

/** A gate looks when so many candidate runs are there, and spends a part of alpha on it. */
export interface GateLook {
  readonly runs: number;
  readonly alpha: Ratio;
  /** Whether so many runs are there. */
  readonly taken: boolean;
  readonly regressions: readonly string[];
}

export interface GateResult {
  readonly schema: 1;
  readonly experiment: string;
  readonly level: EvidenceLevel;
  readonly baselineRuns: number;
  /** In order of their start; those after the last look taken are judged, not yet compared. */
  readonly candidates: readonly { readonly run: string; readonly outcome: Outcome }[];
  readonly objectives: Outcome;
  readonly regression: Outcome;
  readonly outcome: Outcome;
  readonly alpha: Ratio;
  readonly tolerate: Ratio;
  readonly see: Ratio;
  readonly looks: readonly GateLook[];
  /** As of the last look taken; empty before the first. */
  readonly metrics: readonly GateMetric[];
  readonly differs: readonly string[];
  readonly why: readonly string[];
}

/** A run of a group, and where to read on. */
export interface RunOfGroup {
  readonly facts: RunFacts;
  /** Its report, or its file in a baseline, as seen from the folder of what is written. */
  readonly link: string;
}

/** The runs behind a comparison (before, after) or a gate (baseline, candidates). */
export interface Groups {
  readonly a: readonly RunOfGroup[];
  readonly b: readonly RunOfGroup[];
}
