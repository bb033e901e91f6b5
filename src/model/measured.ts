import type { StepId } from "./plan.ts";
import type { Finding, Outcome } from "./verdict.ts";

/** `times`: how many times one quantity is another. */
export type Unit = "ms" | "us" | "ratio" | "count" | "rps" | "times";

/** A quantity: never Infinity, never NaN; nothing measured is not a number. */
export type Measured<U extends Unit = Unit> =
  | {
      readonly is: "value";
      readonly unit: U;
      readonly value: number;
      readonly low: number;
      readonly high: number;
      readonly n: number;
    }
  /** Censored, or infinitely slow: it is more than `low`. */
  | { readonly is: "beyond"; readonly unit: U; readonly low: number; readonly n: number }
  | { readonly is: "absent"; readonly unit: U; readonly why: string };

export function value<U extends Unit>(
  unit: U,
  of: { value: number; low?: number; high?: number; n: number },
): Measured<U> {
  const { low = of.value, high = of.value, n } = of;
  if (![of.value, low, high, n].every(Number.isFinite)) return absent(unit, "not a finite number");
  return { is: "value", unit, value: of.value, low, high, n };
}

export function beyond<U extends Unit>(unit: U, low: number, n: number): Measured<U> {
  return Number.isFinite(low) ? { is: "beyond", unit, low, n } : absent(unit, "no finite bound");
}

export function absent<U extends Unit>(unit: U, why: string): Measured<U> {
  return { is: "absent", unit, why };
}

/** A limit out of a file may be anything. */
const isLimit = (limit: unknown): boolean =>
  typeof limit === "number" && Number.isFinite(limit) && limit >= 0;

/** A quantity against an upper limit: pass only with the whole interval inside. */
function judgeMax(observed: Measured, max: number): Outcome {
  if (observed.is === "absent" || !isLimit(max)) return "unknown";
  if (observed.low > max) return "fail";
  return observed.is === "value" && observed.high <= max ? "pass" : "unknown";
}

/** A quantity against a lower limit: pass only with the whole interval inside. */
function judgeMin(observed: Measured, min: number): Outcome {
  if (observed.is === "absent" || !isLimit(min)) return "unknown";
  if (observed.low >= min) return "pass";
  return observed.is === "value" && observed.high < min ? "fail" : "unknown";
}

interface Judged<U extends Unit> {
  readonly check: string;
  readonly what: string;
  readonly observed: Measured<U>;
  readonly about: readonly StepId[];
  readonly hint?: string;
}

/** The one place where an upper limit meets a measurement; no limit, no finding. */
export function atMost<U extends Unit>(of: Judged<U>, max: number | undefined): readonly Finding[] {
  if (max === undefined) return [];
  return [{ ...of, outcome: judgeMax(of.observed, max), limit: { max } }];
}

/** The one place where a lower limit meets a measurement; no limit, no finding. */
export function atLeast<U extends Unit>(
  of: Judged<U>,
  min: number | undefined,
): readonly Finding[] {
  if (min === undefined) return [];
  return [{ ...of, outcome: judgeMin(of.observed, min), limit: { min } }];
}
