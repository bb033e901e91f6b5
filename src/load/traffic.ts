import { choices, duration, rate } from "../model/fields.ts";

/**
 * Requests of all scenarios that may be in flight at once: each takes a virtual user of k6, and
 * those take 0.7 MiB each.
 */
const IN_FLIGHT_MAX = 2_000;

/** What is wrong with the most requests in flight that a load can have, and its scenarios. */
export function inFlightProblems(of: {
  readonly rateRps: number;
  readonly timeoutMs: number;
  readonly scenarios: number;
}): readonly string[] {
  if (of.scenarios === 0) return ["connections must name one kind at least, got []"];
  const count = Math.ceil((of.rateRps * of.timeoutMs * of.scenarios) / 1_000);
  if (count <= IN_FLIGHT_MAX) return [];
  return [
    `rate times timeout times connections must be at most ${IN_FLIGHT_MAX} requests in flight, ` +
      `got ${count}`,
  ];
}

/** What each open-loop load over HTTP can be told. */
export const trafficParams = {
  rate: rate({ about: "requests a second of each scenario", min: "1/s", max: "4000/s" }),
  connections: choices(["new", "reused"], {
    about: "one scenario each: a TCP connection for every request, or connections kept alive",
  }),
  timeout: duration({
    about: "a request is given up after this",
    min: "50ms",
    max: "30s",
    default: "1s",
  }),
};
