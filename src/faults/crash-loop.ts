import type { Evidence } from "../model/evidence.ts";
import { text } from "../model/fields.ts";
import { at, listAt, numberAt, textAt } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

/** 128 and the number of SIGKILL. */
const KILLED = 137;
/** The first restart is at once: only one that ended again is in a loop. */
const RESTARTS_MIN = 2;
const NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/;

type Container = {
  readonly name: string;
  readonly ready: boolean;
  readonly running: boolean;
  readonly restarts: number;
  /** Why the kubelet does not start it now; "": it does not say. */
  readonly waits: string;
  /** Of the end before; null: none is known. */
  readonly exitCode: number | null;
};
/** Null: there is no such pod, or another one has its name. */
type Seen = { readonly containers: readonly Container[] | null };

/** A container ends as soon as it is started, again and again, with the kubelet's back-off. */
export const crashLoop = defineFault({
  name: "crash-loop",
  about:
    "The first process of a container is killed whenever it runs. The kubelet's back-off delays " +
    "its return: 13 s after a fault of 60s, up to 5 min.",
  on: "pod",
  lasts: "held",
  kinds: ["container-down"],
  evidence:
    "Status of the pod: the container ended with exit code 137 after a restart, and waits in " +
    "CrashLoopBackOff or was started again.",
  params: {
    container: text({
      about: "name of the container; empty: the pod's only one",
      default: "",
      pattern: NAME,
      rule: "a container's name or empty",
    }),
  },
  effects: ({ container }, { node, uid }) => [
    { kind: "container-down", node, of: { uid }, container },
  ],
  observe: look,
  proof: (before, now, { container }, pod) => ({
    effect: effectOf(before, now, container),
    by: `status of pod ${pod.namespace}/${pod.name} as the API server has it`,
    saw: { before, now },
    needed:
      `the container ended with exit code ${KILLED} and waits in CrashLoopBackOff, or was started ` +
      `again ${RESTARTS_MIN} times; gone once it is ready`,
  }),
  // Its next start is up to as far away as the fault was long.
  proofWithinMs: 120_000,
});

async function look(witness: Witness, { namespace, name, uid }: Target<"pod">): Promise<Seen> {
  const pod = await witness.object(`api/v1/namespaces/${namespace}/pods/${name}`);
  if (pod === null || textAt(pod, "metadata", "uid") !== uid) return { containers: null };
  const containers = listAt(pod, "status", "containerStatuses").map((status) => {
    const ended = at(status, "state", "terminated") ?? at(status, "lastState", "terminated");
    return {
      name: textAt(status, "name"),
      ready: at(status, "ready") === true,
      running: at(status, "state", "running") !== undefined,
      restarts: numberAt(status, "restartCount") ?? 0,
      waits: textAt(status, "state", "waiting", "reason"),
      exitCode: numberAt(ended, "exitCode") ?? null,
    };
  });
  return { containers };
}

function containerOf({ containers }: Seen, name: string): Container | undefined {
  return name === "" && containers?.length === 1
    ? containers[0]
    : containers?.find((one) => one.name === name);
}

function effectOf(before: Seen, now: Seen, name: string): Evidence["effect"] {
  const was = containerOf(before, name);
  const is = containerOf(now, name);
  if (was === undefined || !was.ready || is === undefined) return "unclear";
  if (is.running && is.ready) return "absent";
  const again = is.restarts - was.restarts;
  const loops = is.waits === "CrashLoopBackOff" || again >= RESTARTS_MIN;
  return again > 0 && loops && is.exitCode === KILLED ? "present" : "unclear";
}
