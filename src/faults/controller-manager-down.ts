import { defineFault } from "../ports/fault.ts";
import { leaseProof, lookAtLease } from "../ports/control-looks.ts";

const COMPONENT = "kube-controller-manager";

/** The controller-manager makes no step: nothing is replaced, scaled or given up. */
export const controllerManagerDown = defineFault({
  name: "controller-manager-down",
  about: "The controller-manager makes no step: nothing is replaced, scaled or given up.",
  on: "cluster",
  lasts: "held",
  kinds: ["component-stop"],
  evidence: "Its Lease, which is renewed no more while others are.",
  params: {},
  effects: () => [{ kind: "component-stop", component: COMPONENT }],
  observe: (witness) => lookAtLease(witness, COMPONENT),
  proof: (before, now) => leaseProof(COMPONENT, before, now),
  // One that lost its lead is started again, and leads once that Lease has run out: 15 s.
  proofWithinMs: 60_000,
});
