import { choice, share } from "../model/fields.ts";
import { absent, atLeast } from "../model/measured.ts";
import type { PhaseCounts } from "../model/measurement.ts";
import type { Finding } from "../model/verdict.ts";
import { defineCheck } from "../ports/check.ts";

const NAME = "availability";

/**
 * Share of good requests of one phase, each scenario apart: of all that were intended in it, open
 * ones before their deadline left out. The whole interval (Clopper and Pearson, 95 %) must be
 * inside.
 */
export const availability = defineCheck({
  name: NAME,
  about: "The share of good requests of a phase, each scenario apart.",
  params: {
    atLeast: share({ about: "share of good requests, at the least" }),
    during: choice(["steady", "faults", "observe"], {
      about: "the phase it is judged in",
      default: "faults",
    }),
  },
  judge: ({ scenarios, completeness }, { atLeastRatio, during }) => {
    const blind = !completeness.requestsComplete || completeness.problems.length > 0;
    const judge = (scenario: string, counts: PhaseCounts | undefined): readonly Finding[] => {
      const observed = blind
        ? absent("ratio", "the record of the requests is incomplete")
        : (counts?.goodRatio ?? absent("ratio", `there was no phase ${during}`));
      const what = `good requests in phase ${during}, scenario ${scenario}`;
      const hint = "the outcomes of the bad ones are in the report, second by second";
      return atLeast({ check: NAME, what, observed, about: [], hint }, atLeastRatio);
    };
    if (scenarios.length === 0) return judge("none", undefined);
    return scenarios.flatMap(({ name, phases }) => judge(name, phases[during]));
  },
});
