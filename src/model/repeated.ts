import type { GroupOfRuns } from "./comparison.ts";
import type { Measured } from "./measured.ts";
import type { Finding, Outcome } from "./verdict.ts";

/** One objective over all runs that said something. */
export interface JoinedObjective {
  readonly check: string;
  readonly what: string;
  readonly limit: Finding["limit"];
  readonly outcome: Outcome;
  /** So many runs by themselves. */
  readonly passed: number;
  readonly failed: number;
  readonly unknown: number;
  /** Of all runs, with each one's own interval: what decides where one is unknown. */
  readonly mean: Measured;
  readonly group: GroupOfRuns;
}

export interface JoinedRun {
  readonly run: string;
  readonly seed: string;
  readonly outcome: Outcome;
  /** Why it says nothing; "": it does. */
  readonly leftOut: string;
}

/** Runs of one experiment, judged together. */
export interface Joined {
  readonly schema: 1;
  readonly experiment: string;
  readonly outcome: Outcome;
  readonly runs: readonly JoinedRun[];
  readonly objectives: readonly JoinedObjective[];
  readonly why: readonly string[];
}
