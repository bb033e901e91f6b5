import { absent, value, type Measured } from "../model/measured.ts";
import { shareInterval } from "./binomial.ts";
import { studentQuantile } from "./student.ts";

/** A share as it was measured, of `n` requests. */
type Share = Extract<Measured, { readonly is: "value" }>;

/**
 * Of both intervals. After each run the runs are looked at again, up to 20 times in all: at 99 % a
 * service whose share is the limit passes in one loop of 25 (simulated), at 95 % in one of seven.
 */
const CONFIDENCE = 0.99;

/**
 * Mean of a share over at least two runs. Its interval is Student's over the runs, which vary by
 * chance and by what differs between them, and at the least that of all their requests together.
 */
export function meanShare(shares: readonly Share[]): Measured<"ratio"> {
  if (!shares.every(({ n, value: share }) => n >= 1 && share >= 0 && share <= 1)) {
    return absent("ratio", "a run does not say of how many requests it is the share");
  }
  const runs = shares.length;
  const mean = shares.reduce((sum, one) => sum + one.value, 0) / runs;
  const squares = shares.reduce((sum, one) => sum + (one.value - mean) ** 2, 0);
  const half = studentQuantile(runs - 1, CONFIDENCE) * Math.sqrt(squares / (runs - 1) / runs);
  const requests = shares.reduce((sum, one) => sum + one.n, 0);
  const good = shares.reduce((sum, one) => sum + Math.round(one.value * one.n), 0);
  const together = shareInterval(good, requests, CONFIDENCE);
  return value("ratio", {
    value: mean,
    low: Math.max(0, Math.min(together.low, mean - half)),
    high: Math.min(1, Math.max(together.high, mean + half)),
    n: runs,
  });
}
