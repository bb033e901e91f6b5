import { absent, atLeast, atMost, value, type Measured } from "../model/measured.ts";
import type { Completeness, GeneratorMeasurement } from "../model/measurement.ts";
import { defineCheck } from "../ports/check.ts";

const NAME = "load-held";
const LATE_MAX_MS = 50;
const OFFERED_MIN_RATIO = 0.99;

/** A generator that failed its part tells nothing about the service: not measured, so unknown. */
function orAbsent(observed: Measured, holds: boolean, why: string): Measured {
  return observed.is === "absent" || holds ? observed : absent(observed.unit, why);
}

function shortfall({ planned, offered }: GeneratorMeasurement): Measured {
  if (planned.is !== "value" || offered.is !== "value") {
    return absent("ratio", planned.is === "absent" ? planned.why : "nothing was counted");
  }
  if (planned.value <= 0) return absent("ratio", "nothing was planned");
  const reached = offered.value / planned.value;
  const observed = value("ratio", { value: Math.min(1, reached), n: offered.n });
  const why = `${offered.value} of ${planned.value} planned requests were due`;
  return orAbsent(observed, reached >= OFFERED_MIN_RATIO, why);
}

function unreadable({ problems, requestsComplete, requests }: Completeness): Measured {
  if (!requestsComplete) return absent("count", "the requests have no end line that counts them");
  if (requests === 0) return absent("count", "there are no requests");
  const first = problems[0];
  return first === undefined
    ? value("count", { value: 0, n: requests })
    : absent("count", `the record has problems: ${first}`);
}

function lateness({ lateP99 }: GeneratorMeasurement): Measured {
  const inTime = lateP99.is === "value" && lateP99.high <= LATE_MAX_MS;
  const seen = lateP99.is === "absent" ? "" : ` (at least ${lateP99.low.toFixed(1)} ms)`;
  return orAbsent(
    lateP99,
    inTime,
    `requests were sent too late${seen} to say when clients were hurt`,
  );
}

/** The load was offered as planned and told completely; if not, its numbers mean something else. */
export const loadHeld = defineCheck({
  name: NAME,
  about: "All planned requests were due, none dropped, sent in time, and told completely.",
  params: {},
  always: true,
  judge: ({ generator, completeness }) => {
    const { dropped } = generator;
    const kept = orAbsent(
      dropped,
      dropped.is === "value" && dropped.value === 0,
      `the generator dropped ${dropped.is === "value" ? dropped.value : "some"} requests`,
    );
    const about = { check: NAME, about: [] };
    return [
      ...atMost(
        {
          ...about,
          what: "unreadable requests or events",
          observed: unreadable(completeness),
          hint: "run it again: what is missing cannot be measured",
        },
        0,
      ),
      ...atLeast(
        {
          ...about,
          what: "share of the planned requests",
          observed: shortfall(generator),
          hint: "lower the rate, or free the processors of the load host",
        },
        OFFERED_MIN_RATIO,
      ),
      ...atMost(
        {
          ...about,
          what: "dropped requests",
          observed: kept,
          hint: "lower rate times timeout: all virtual users were waiting",
        },
        0,
      ),
      ...atMost(
        {
          ...about,
          what: "lateness of the generator, 99th percentile",
          observed: lateness(generator),
          hint: "lower the rate, or free the processors of the load host",
        },
        LATE_MAX_MS,
      ),
    ];
  },
});
