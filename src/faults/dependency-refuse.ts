import type { Evidence } from "../model/evidence.ts";
import { DEPENDENCY, lookAtService, type Signs } from "../ports/dependency.ts";
import { defineFault } from "../ports/fault.ts";

/** As where no process listens: at once, and connections from before are reset. */
export const dependencyRefuse = defineFault({
  name: "dependency-refuse",
  about: "A service that the pod calls refuses its connections; others are served.",
  on: "pod",
  lasts: "held",
  kinds: ["dependency"],
  evidence: "Asks from inside the pod are refused, while the node agent beside it gets an answer.",
  params: DEPENDENCY,
  effects: ({ host, port }, pod) => [
    { kind: "dependency", pod, host, port, does: { kind: "refuse" } },
  ],
  observe: lookAtService,
  proof: (before, now, { host, port }, { namespace, name }) => ({
    effect: effectOf(before, now),
    by: `asks from inside pod ${namespace}/${name}, and from the node agent beside it`,
    saw: { before, now },
    needed:
      `${host}:${port} answered both before, and then refuses the pod while it answers the agent; ` +
      "gone once it answers the pod again",
  }),
});

function effectOf(before: Signs, now: Signs): Evidence["effect"] {
  if (before.pod !== "answers" || before.others !== "answers") return "unclear";
  if (now.pod === "answers") return "absent";
  // One that fails everybody fails by itself, or by another hand.
  return now.pod === "refuses" && now.others === "answers" ? "present" : "unclear";
}
