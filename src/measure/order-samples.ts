import { stableText } from "../model/json.ts";
import type { Us } from "../model/quantity.ts";
import type { Sample } from "../model/request.ts";
import type { Problems } from "./problems.ts";

/** Another clock may be this far ahead of the one that ends the record. */
const LATE_US = 60_000_000;

/**
 * By time, metric and value, whatever the order of the lines. One told twice, before the run or
 * after the end of the record is a problem.
 */
export function orderSamples(
  samples: readonly Sample[],
  lastUs: Us,
  problems: Problems,
): readonly Sample[] {
  const ordered = [...samples].sort(
    (a, b) =>
      a.atUs - b.atUs || (a.metric < b.metric ? -1 : a.metric > b.metric ? 1 : a.value - b.value),
  );
  /** Texts of those at one instant, of one metric and value. */
  let alike: Set<string> | null = null;
  for (const [nth, sample] of ordered.entries()) {
    if (sample.atUs < 0 || sample.atUs > lastUs + LATE_US) {
      problems.add("samples: a time that is not within the record");
    }
    const before = ordered[nth - 1];
    const isLike =
      before?.atUs === sample.atUs &&
      before.metric === sample.metric &&
      before.value === sample.value;
    if (!isLike) {
      alike = null;
      continue;
    }
    alike ??= new Set([stableText(before)]);
    const text = stableText(sample);
    if (alike.has(text)) problems.add("samples: the same line twice");
    alike.add(text);
  }
  return ordered;
}
