import { choice } from "../model/fields.ts";
import { defineLoad } from "../ports/load.ts";
import { inFlightProblems, trafficParams } from "./traffic.ts";

const MODEL = "mlp";
const VERSION = 1;

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
    ...trafficParams,
    by: choice(["address", "name"], {
      about: "what clients know of the Service: its address, or its DNS name",
      default: "address",
    }),
  },
  problems: ({ rateRps, connections, timeoutMs }) =>
    inFlightProblems({ rateRps, timeoutMs, scenarios: connections.length }),
  plan: ({ rateRps, connections, timeoutMs, by }, to) => ({
    load: "predict",
    to,
    ...(by === "name" ? { by } : {}),
    rateRps,
    timeoutMs,
    scenarios: connections.map((connection) => ({ name: connection, connection })),
    options: {
      path: `/v1/models/${MODEL}:predict`,
      files: { expected: `${MODEL}/${VERSION}/expected.json` },
    },
  }),
});
