import { choice, choices, duration, rate } from "../model/fields.ts";
import { defineLoad } from "../ports/load.ts";

/**
 * Requests of all scenarios that may be in flight at once: each takes a virtual user of k6, and
 * those take 0.7 MiB each.
 */
const IN_FLIGHT_MAX = 2_000;

function inFlightProblems(count: number): readonly string[] {
  if (count <= IN_FLIGHT_MAX) return [];
  return [
    `rate times timeout times connections must be at most ${IN_FLIGHT_MAX} requests in flight, ` +
      `got ${count}`,
  ];
}

/**
 * Predictions with inputs drawn by seed and answers checked by value, open-loop: a request is due
 * on each tick, whatever became of those before. `connections` names the scenarios; each of them
 * has the whole `rate` (`"50/s"` and two kinds of connections are 100 requests a second), because
 * they are judged apart.
 *
 * By `"address"` no client depends on DNS, so a fault that takes a DNS replica along is not seen in
 * the numbers. By `"name"` each new connection asks DNS first, and what that costs is the clients'.
 */
export const predict = defineLoad({
  name: "predict",
  about: "Asks a model for predictions at a constant rate and checks each answer by value.",
  params: {
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
    by: choice(["address", "name"], {
      about: "what clients know of the Service: its address, or its DNS name",
      default: "address",
    }),
  },
  problems: ({ rateRps, connections, timeoutMs }) => [
    ...(connections.length === 0 ? ["connections must name one kind at least, got []"] : []),
    ...inFlightProblems(Math.ceil((rateRps * timeoutMs * connections.length) / 1_000)),
  ],
  plan: ({ rateRps, connections, timeoutMs, by }, to) => ({
    load: "predict",
    to,
    ...(by === "name" ? { by } : {}),
    rateRps,
    timeoutMs,
    scenarios: connections.map((connection) => ({ name: connection, connection })),
    options: { model: "mlp", version: 1 },
  }),
});
