import type { Comparison, GateResult, Groups } from "../model/comparison.ts";
import type { Measurement } from "../model/measurement.ts";
import type { RunRecord } from "../model/record.ts";
import type { SuiteRecord } from "../model/suite.ts";
import type { Verdict } from "../model/verdict.ts";

/**
 * Pure: the same record, measurement and verdict give the same bytes. One file in src/reporters.
 */
export interface Reporter {
  readonly name: string;
  readonly about: string;
  /** File name in the run's folder, or null for text that goes to the terminal. */
  readonly file: string | null;
  render(of: {
    readonly record: RunRecord;
    readonly measurement: Measurement;
    readonly verdict: Verdict;
    /** Where the run's files are, for people to follow. */
    readonly folder: string;
  }): string;
  /** The same for a suite; left out: it has nothing to say of one. */
  readonly suite?: (of: { readonly suite: SuiteRecord; readonly folder: string }) => string;
  /** The same for many runs, of `ninety compare` and `ninety gate`. */
  readonly many?: (told: ManyRuns, groups: Groups) => string;
}

export type ManyRuns =
  | { readonly kind: "comparison"; readonly comparison: Comparison }
  | { readonly kind: "gate"; readonly gate: GateResult };
