import type { Evidence } from "../model/evidence.ts";
import { text } from "../model/fields.ts";
import { at, listAt, textAt } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

/** What the kubelet says of a container whose image it has not and does not get. */
const NOT_THERE: readonly string[] = [
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
];
const NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/;

type Seen = {
  readonly uid: string;
  readonly running: boolean;
  /** Why the container waits; "": it does not. */
  readonly waiting: string;
  readonly image: string;
} | null;

/** A container has to have an image that is not to be had, as after a wrong tag or an outage. */
export const imageUnavailable = defineFault({
  name: "image-unavailable",
  about:
    "A container of a pod is given an image that cannot be pulled, in place: it ends, and waits " +
    "for the image. Heal gives it its own image back, and it starts anew.",
  on: "pod",
  lasts: "held",
  kinds: ["image"],
  evidence: "The container as the kubelet tells it: waiting, because its image is not to be had.",
  params: {
    container: text({
      about: "name of the container; empty: the pod's only one",
      default: "",
      pattern: NAME,
      rule: "a container's name or empty",
    }),
    image: text({
      about: "an image that cannot be had; names below .invalid are those of nobody",
      default: "registry.invalid/not-there:none",
      pattern: /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}$/,
      rule: "a reference of an image",
    }),
  },
  effects: (params, pod) => [{ kind: "image", pod, ...params }],
  observe: look,
  proof: (before, now, _params, pod) => ({
    effect: effectOf(before, now, pod),
    ...grounds(before, now, pod),
    needed: `the container of pod ${pod.uid}, running before, waits for its image: ${NOT_THERE.join(", ")}`,
  }),
  healProof: (before, now, _params, pod) => ({
    effect: healOf(before, now, pod),
    ...grounds(before, now, pod),
    needed: `the container runs with the image of before, or the pod is gone`,
  }),
  proofWithinMs: 90_000,
});

async function look(
  witness: Witness,
  { namespace, name }: Target<"pod">,
  { container }: { readonly container: string },
): Promise<Seen> {
  const pod = await witness.object(`api/v1/namespaces/${namespace}/pods/${name}`);
  if (pod === null) return null;
  const called = (one: unknown): boolean => container === "" || textAt(one, "name") === container;
  const status = listAt(pod, "status", "containerStatuses").find(called);
  return {
    uid: textAt(pod, "metadata", "uid"),
    running: at(status, "state", "running") !== undefined,
    waiting: textAt(status, "state", "waiting", "reason"),
    image: textAt(listAt(pod, "spec", "containers").find(called), "image"),
  };
}

const grounds = (
  before: Seen,
  now: Seen,
  { namespace, name }: Target<"pod">,
): Pick<Evidence, "by" | "saw"> => ({
  by: `status of pod ${namespace}/${name}, as its kubelet tells it`,
  saw: { before, now },
});

function effectOf(before: Seen, now: Seen, { uid }: Target<"pod">): Evidence["effect"] {
  if (before === null || before.uid !== uid || !before.running) return "unclear";
  if (now === null || now.uid !== uid) return "unclear";
  if (NOT_THERE.includes(now.waiting)) return "present";
  return now.running && now.image === before.image ? "absent" : "unclear";
}

/** With the pod the effect on it is gone. */
function healOf(before: Seen, now: Seen, target: Target<"pod">): Evidence["effect"] {
  return now === null || now.uid !== target.uid ? "absent" : effectOf(before, now, target);
}
