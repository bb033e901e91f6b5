import type { Evidence } from "../model/evidence.ts";
import { text } from "../model/fields.ts";
import { at, listAt, numberAt, textAt, type Json } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

/** 128 and the number of SIGKILL. */
const KILLED = 137;
const NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/;

type Ended = { readonly id: string; readonly exitCode: number | null };
type Seen = {
  /** By name; null: there is no such pod, or another one has its name. */
  readonly containers: Readonly<
    Record<string, { readonly id: string; readonly running: boolean; readonly ended: Ended | null }>
  > | null;
};

/** The first process of a container is killed: no goodbye to clients, and it is started again. */
export const containerKill = defineFault({
  name: "container-kill",
  about: "Kills the first process of a container, as the kernel does when memory runs out.",
  on: "pod",
  lasts: "once",
  kinds: ["container-kill"],
  evidence: "Status of the pod: the container that ran before has ended with exit code 137.",
  params: {
    container: text({
      about: "name of the container; empty: the pod's only one",
      default: "",
      pattern: NAME,
      rule: "a container's name or empty",
    }),
  },
  effects: ({ container }, pod) => [{ kind: "container-kill", pod, container }],
  observe: look,
  proof: (before, now, { container }, pod) => ({
    effect: effectOf(before, now, container),
    by: `status of pod ${pod.namespace}/${pod.name} as the API server has it`,
    saw: { before, now },
    needed: `the container that ran before ended with exit code ${KILLED}, by its id`,
  }),
});

async function look(witness: Witness, { namespace, name, uid }: Target<"pod">): Promise<Seen> {
  const pod = await witness.object(`api/v1/namespaces/${namespace}/pods/${name}`);
  if (pod === null || textAt(pod, "metadata", "uid") !== uid) return { containers: null };
  const containers = listAt(pod, "status", "containerStatuses").map((status) => [
    textAt(status, "name"),
    {
      id: textAt(status, "containerID"),
      running: at(status, "state", "running") !== undefined,
      ended: endedIn(status as Json),
    },
  ]);
  return { containers: Object.fromEntries(containers) as NonNullable<Seen["containers"]> };
}

/** The latest end that the kubelet tells of. */
function endedIn(status: Json): Ended | null {
  const ended = at(status, "state", "terminated") ?? at(status, "lastState", "terminated");
  if (ended === undefined) return null;
  return { id: textAt(ended, "containerID"), exitCode: numberAt(ended, "exitCode") ?? null };
}

function effectOf(before: Seen, now: Seen, container: string): Evidence["effect"] {
  const names = Object.keys(before.containers ?? {});
  const name = container === "" && names.length === 1 ? (names[0] ?? "") : container;
  const was = before.containers?.[name];
  const is = now.containers?.[name];
  if (was === undefined || !was.running || is === undefined) return "unclear";
  if (is.running && is.id === was.id) return "absent";
  // Ended twice since, or by another hand: nobody can say who ended the one that was met.
  return is.ended?.id === was.id && is.ended.exitCode === KILLED ? "present" : "unclear";
}
