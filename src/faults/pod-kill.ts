import { duration } from "../model/fields.ts";
import { at, textAt, type Json } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

/** What stands under the pod's name; null: nothing. */
type Seen = { readonly uid: string; readonly terminating: boolean } | null;

/** Deletes a pod; `grace` of 0s takes it away without waiting for anything. */
export const podKill = defineFault({
  name: "pod-kill",
  about: "Deletes a pod, as an eviction, a drain or a hand would.",
  on: "pod",
  lasts: "once",
  kinds: ["delete"],
  evidence: "The pod with that uid, which is gone or ending.",
  params: {
    grace: duration({
      about: "time to end by itself before it is ended, in whole seconds; 0s: at once",
      max: "10m",
      default: "0s",
    }),
  },
  problems: ({ graceMs }) =>
    graceMs % 1_000 === 0 ? [] : [`grace must be whole seconds, got ${graceMs}ms`],
  effects: ({ graceMs }, pod) => [{ kind: "delete", pod, graceMs }],
  observe: look,
  proof: (before, now, _params, pod) => ({
    effect: judge(before, now, pod),
    by: `pod ${pod.namespace}/${pod.name} as the API server has it`,
    saw: { before, now },
    needed: `the pod with uid ${pod.uid}, there and not ending before, is gone or ending`,
  }),
});

async function look(witness: Witness, { namespace, name }: Target<"pod">): Promise<Seen> {
  const pod: Json = await witness.object(`api/v1/namespaces/${namespace}/pods/${name}`);
  if (pod === null) return null;
  return {
    uid: textAt(pod, "metadata", "uid"),
    terminating: at(pod, "metadata", "deletionTimestamp") !== undefined,
  };
}

function judge(before: Seen, now: Seen, { uid }: Target<"pod">): "present" | "absent" | "unclear" {
  // One that was going before tells nothing of what was done to it since.
  if (before === null || before.uid !== uid || before.terminating) return "unclear";
  return now === null || now.uid !== uid || now.terminating ? "present" : "absent";
}
