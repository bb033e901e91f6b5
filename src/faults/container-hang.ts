import type { Evidence } from "../model/evidence.ts";
import { count, text, type Read } from "../model/fields.ts";
import { at, listAt, numberAt, textAt } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

const NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/;
/** Longer than who is well takes; short enough for several looks before a probe acts. */
const ANSWER_MS = 2_000;

const params = {
  container: text({
    about: "name of the container; empty: the pod's only one",
    default: "",
    pattern: NAME,
    rule: "a container's name or empty",
  }),
  port: count({
    about: "port of the container that answers by HTTP, with whatever status",
    min: 1,
    max: 65_535,
    default: 8_501,
  }),
  path: text({
    about: "path on that port",
    pattern: /^\/\S*$/,
    rule: "a path that begins with /",
    default: "/",
  }),
};
type Params = Read<typeof params>;

/** `refuses`: nobody listens there, but a kernel said so. */
type Sign = "answers" | "refuses" | "silent";
type Container = {
  readonly name: string;
  readonly id: string;
  readonly running: boolean;
  readonly restarts: number;
};
type Seen = {
  /** Null: there is no such pod, or another one has its name. */
  readonly pod: {
    readonly terminating: boolean;
    readonly containers: readonly Container[];
  } | null;
  readonly sign: Sign;
};

/** A container freezes: its connections stay open, nothing is refused, and nothing is answered. */
export const containerHang = defineFault({
  name: "container-hang",
  about: "No process of a container runs any more: connections stay open, nothing is answered.",
  on: "pod",
  lasts: "held",
  kinds: ["freeze"],
  evidence:
    "The container's answer by HTTP, which is silence where there was one, while the pod's status " +
    "tells that the same container runs.",
  params,
  effects: ({ container }, pod) => [{ kind: "freeze", pod, container }],
  observe: look,
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now, of),
    ...grounds(of, pod, { before, now }),
  }),
  healProof: (before, now, of, pod) => ({
    effect: leftOf(before, now, of),
    ...grounds(of, pod, { before, now }),
  }),
  // A container that its probes had ended may wait for its next start.
  proofWithinMs: 60_000,
});

async function look(
  witness: Witness,
  target: Target<"pod">,
  { port, path }: Params,
): Promise<Seen> {
  const { namespace, name, uid } = target;
  const answer = await witness.http(target, { port, path, withinMs: ANSWER_MS });
  // Looked at after the answer: a container that was started again meanwhile must not be missed.
  const pod = await witness.object(`api/v1/namespaces/${namespace}/pods/${name}`);
  const sign = signOf(answer);
  if (pod === null || textAt(pod, "metadata", "uid") !== uid) return { pod: null, sign };
  return {
    pod: {
      terminating: at(pod, "metadata", "deletionTimestamp") !== undefined,
      containers: listAt(pod, "status", "containerStatuses").map((status) => ({
        name: textAt(status, "name"),
        id: textAt(status, "containerID"),
        running: at(status, "state", "running") !== undefined,
        restarts: numberAt(status, "restartCount") ?? 0,
      })),
    },
    sign,
  };
}

function signOf({ answered, body }: Awaited<ReturnType<Witness["http"]>>): Sign {
  if (answered) return "answers";
  return /connection (refused|reset)/.test(body) ? "refuses" : "silent";
}

const grounds = (
  { port, path }: Params,
  { namespace, name }: Target<"pod">,
  saw: { readonly before: Seen; readonly now: Seen },
): Pick<Evidence, "by" | "saw" | "needed"> => ({
  by: `answer of pod ${namespace}/${name} by HTTP, and its status as the API server has it`,
  saw,
  needed:
    `silence from ${port}${path}, where there was an answer, while the container runs under the ` +
    `same id and was not started again; gone once it answers, or another container is in its place`,
});

function containerOf({ pod }: Seen, name: string): Container | undefined {
  const { containers = [] } = pod ?? {};
  return name === "" && containers.length === 1
    ? containers[0]
    : containers.find((one) => one.name === name);
}

function effectOf(before: Seen, now: Seen, { container }: Params): Evidence["effect"] {
  const was = containerOf(before, container);
  if (was === undefined || !was.running || before.sign !== "answers") return "unclear";
  if (before.pod?.terminating === true) return "unclear";
  if (now.sign === "answers") return "absent";
  const is = containerOf(now, container);
  // A process that has ended refuses, and one that goes may be silent for that reason alone.
  if (is === undefined || now.pod?.terminating === true || now.sign === "refuses") return "unclear";
  const same = is.id === was.id && is.restarts === was.restarts;
  return same && is.running ? "present" : "unclear";
}

/** Probes may have had the frozen container replaced, which is where it commonly ends. */
function leftOf(before: Seen, now: Seen, of: Params): Evidence["effect"] {
  const was = containerOf(before, of.container);
  const effect = effectOf(before, now, of);
  if (was === undefined || effect !== "unclear") return effect;
  const is = containerOf(now, of.container);
  return is === undefined || is.id !== was.id || !is.running ? "absent" : "unclear";
}
