import type { Evidence } from "../model/evidence.ts";
import { defineFault } from "../ports/fault.ts";
import { lookAtApiServer, type ApiServerSeen } from "../ports/control-looks.ts";

type Effect = Evidence["effect"];

/** The API server makes no step: connections stay open, and nothing is answered. */
export const apiServerPause = defineFault({
  name: "api-server-pause",
  about: "The API server makes no step: its connections stay open, and nothing is answered.",
  on: "cluster",
  lasts: "held",
  kinds: ["component-stop"],
  evidence: "The API server, which answered before and is silent when asked whether it lives.",
  params: {},
  effects: () => [{ kind: "component-stop", component: "kube-apiserver" }],
  observe: lookAtApiServer,
  proof: (before, now) => ({
    effect: pauseOf(before, now),
    ...grounds(before, now),
    needed:
      "no answer to GET livez/ping, asked twice, where there was one before. From outside an API " +
      "server whose machine is off looks the same",
  }),
  healProof: (before, now) => ({
    effect: now.ready ? pauseOf(before, now) : "unclear",
    ...grounds(before, now),
    needed: "an answer to GET livez/ping, and GET readyz with all its checks ok",
  }),
  proofWithinMs: 60_000,
});

const grounds = (before: ApiServerSeen, now: ApiServerSeen): Pick<Evidence, "by" | "saw"> => ({
  by: "the API server itself, asked whether it lives and is ready",
  saw: { before, now },
});

function pauseOf(before: ApiServerSeen, now: ApiServerSeen): Effect {
  if (before.server !== "answers") return "unclear";
  if (now.server === "answers") return "absent";
  // Where nobody listens there is no process that could be paused.
  return now.server === "silent" ? "present" : "unclear";
}
