import type { JsonObject } from "./json.ts";
import type { Measured } from "./measured.ts";
import type { StepId } from "./plan.ts";

export type Outcome = "pass" | "fail" | "unknown";

/**
 * These are told and decide nothing. `predicted`: damage that was foreseen and accepted; `noted`:
 * something that whoever reads the report should know.
 */
type Told = "predicted" | "noted";
export type FindingOutcome = Outcome | Told;

/** Whether it has a say in the verdict. */
export function decides<O extends FindingOutcome>(outcome: O): outcome is Exclude<O, Told> {
  return outcome !== "predicted" && outcome !== "noted";
}

/** What a check says: one judged quantity, or one thing that must not be so. */
export interface Finding {
  readonly check: string;
  readonly outcome: FindingOutcome;
  /** What was judged: `recovery of service, scenario new`. */
  readonly what: string;
  readonly observed: Measured;
  readonly limit: { readonly max: number } | { readonly min: number };
  /** The steps it is about; empty: the whole run. */
  readonly about: readonly StepId[];
  /** What to do about it. */
  readonly hint?: string;
  readonly detail?: JsonObject;
}

export interface Verdict {
  readonly schema: 1;
  readonly experiment: string;
  readonly seed: string;
  readonly outcome: Outcome;
  readonly findings: readonly Finding[];
}

/** fail outranks unknown, unknown outranks pass; no judged finding at all is unknown. */
export function worst(outcomes: readonly FindingOutcome[]): Outcome {
  if (outcomes.includes("fail")) return "fail";
  return outcomes.includes("pass") && !outcomes.includes("unknown") ? "pass" : "unknown";
}
