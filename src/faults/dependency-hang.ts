import type { Evidence } from "../model/evidence.ts";
import { DEPENDENCY, lookAtService, type Signs } from "../ports/dependency.ts";
import { defineFault } from "../ports/fault.ts";

/** New connections are accepted and old ones stay open, but nothing comes back. */
export const dependencyHang = defineFault({
  name: "dependency-hang",
  about:
    "A service that the pod calls accepts its connections and never answers; others are served.",
  on: "pod",
  lasts: "held",
  kinds: ["dependency"],
  evidence:
    "Asks from inside the pod get a connection and no answer, while the node agent beside it gets one.",
  params: DEPENDENCY,
  effects: ({ host, port }, pod) => [
    { kind: "dependency", pod, host, port, does: { kind: "hang" } },
  ],
  observe: lookAtService,
  proof: (before, now, { host, port }, { namespace, name }) => ({
    effect: effectOf(before, now),
    by: `asks from inside pod ${namespace}/${name}, and from the node agent beside it`,
    saw: { before, now },
    needed:
      `${host}:${port} answered both before, and then is silent to the pod while it answers the agent; ` +
      "gone once it answers the pod again",
  }),
});

function effectOf(before: Signs, now: Signs): Evidence["effect"] {
  if (before.pod !== "answers" || before.others !== "answers") return "unclear";
  if (now.pod === "answers") return "absent";
  // One that fails everybody fails by itself, or by another hand.
  return now.pod === "silent" && now.others === "answers" ? "present" : "unclear";
}
