import { defineLoad } from "../ports/load.ts";
import { inFlightProblems, trafficParams } from "./traffic.ts";

/**
 * The part's own `request` again and again, open-loop: a request is due on each tick, whatever
 * became of those before; status and content of each answer are checked. `connections` names the
 * scenarios; each of them has the whole `rate`, because they are judged apart.
 */
export const requests = defineLoad({
  name: "requests",
  about: "Asks a service for what its part says, at a constant rate, and checks each answer.",
  params: {
    ...trafficParams,
  },
  problems: ({ rateRps, connections, timeoutMs }, { part, request }) => [
    ...(request ? [] : [`to must be a part that says its request, got ${part}, which does not`]),
    ...inFlightProblems({ rateRps, timeoutMs, scenarios: connections.length }),
  ],
  plan: ({ rateRps, connections, timeoutMs }, to, { request }) => ({
    load: "requests",
    to,
    rateRps,
    timeoutMs,
    scenarios: connections.map((connection) => ({ name: connection, connection })),
    options: request ? { path: request.path, request } : {},
  }),
});
