import type { Evidence } from "../model/evidence.ts";
import type { Json } from "../model/json.ts";
import { numberAt, textAt } from "../model/json.ts";
import { CONTAINER_FIELD, mainOf } from "../ports/room-looks.ts";
import { defineFault } from "../ports/fault.ts";

const params = { container: CONTAINER_FIELD };

/** Processes that leak: no process and no thread of the container can start another one. */
export const processesExhausted = defineFault({
  name: "processes-exhausted",
  about: "No process of a container can start another process or thread; those that run go on.",
  on: "pod",
  lasts: "held",
  kinds: ["processes-limit"],
  evidence:
    "A process that the node agent starts in the container's cgroup, which ends at once: the kernel " +
    "refuses it with EAGAIN where it did not, while the same container runs.",
  params,
  effects: ({ container }, pod) => [{ kind: "processes-limit", pod, container }],
  observe: (witness, pod, { container }) =>
    witness.inContainer(pod, { container, at: "processes" }),
  proof: (before, now, _of, pod) => ({
    effect: effectOf(before, now),
    by: `a process that is started in the cgroup of the container of pod ${pod.namespace}/${pod.name}`,
    saw: { before: shown(before), now: shown(now) },
    needed:
      "EAGAIN in the container that ran before and could start one; gone once one starts, in " +
      "whichever runs",
  }),
});

const shown = (seen: Json): Json => ({
  main: mainOf(seen),
  tasks: numberAt(seen, "now") ?? null,
  limit: numberAt(seen, "limit") ?? null,
  refused: textAt(seen, "why"),
});

function effectOf(before: Json, now: Json): Evidence["effect"] {
  if (mainOf(before) === "" || mainOf(now) === "") return "unclear";
  if (textAt(before, "why") !== "") return "unclear";
  const why = textAt(now, "why");
  if (why === "") return "absent";
  return why === "EAGAIN" && mainOf(now) === mainOf(before) ? "present" : "unclear";
}
