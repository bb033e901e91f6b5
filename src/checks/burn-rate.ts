import type { Episode, RealAlert } from "../model/measurement.ts";
import { showMeasured } from "../model/show.ts";
import type { Ms } from "../model/quantity.ts";
import type { Finding } from "../model/verdict.ts";
import { defineCheck } from "../ports/check.ts";

const NAME = "burn-rate";

/** Scrape, evaluation, the rule's own `for` and our reading of it. */
const DELAY_MS: Ms = 120_000;

/** Only what is certain: both intervals, and the delay that any alert has. */
function mismatch({
  due,
  held,
  fired,
}: RealAlert): { what: string; limit: Finding["limit"] } | null {
  if (due.is === "absent" || fired.is === "absent") return null;
  if (fired.is === "value" && fired.high < due.low) {
    const what = due.is === "value" ? "fired before it was due" : "fired though it was not due";
    return { what, limit: { min: due.low } };
  }
  const latestMs = due.is === "value" ? due.high + DELAY_MS : Infinity;
  const isLong = held.is !== "absent" && held.low >= DELAY_MS;
  if (!isLong || fired.low <= latestMs) return null;
  const what =
    fired.is === "value" ? "fired later than it was due" : "should have fired, and did not";
  return { what, limit: { max: latestMs } };
}

function judgeEpisode({ burnRate, steps }: Episode): readonly Finding[] {
  return burnRate.real.flatMap((real): readonly Finding[] => {
    const found = mismatch(real);
    if (!found) return [];
    return [
      {
        check: NAME,
        outcome: "noted",
        what: `alert ${real.name}: ${found.what}`,
        observed: real.fired,
        limit: found.limit,
        about: steps,
        hint:
          `by the requests it was due after ${showMeasured(real.due)}, if before the run they ` +
          "were as in the steady phase; does it count what clients get, under the same objective?",
      },
    ];
  });
}

/** Told, and never judged: alerts that fired against those that should have. */
export const burnRate = defineCheck({
  name: NAME,
  about:
    "Burn-rate alerts in the record that fired too late, too early or not at all; decides nothing.",
  params: {},
  always: true,
  judge: ({ episodes }) => episodes.flatMap(judgeEpisode),
});
