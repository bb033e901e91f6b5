import type { Evidence } from "../model/evidence.ts";
import { count, share, text, type Read } from "../model/fields.ts";
import { defineFault } from "../ports/fault.ts";
import { lookAtContainer, type ContainerSeen } from "../ports/container-looks.ts";

const NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/;
/** Of what the workers may take: the container's own work gives way to them. */
const RISE_RATIO_MIN = 0.5;
const LEFT_RATIO_MAX = 0.25;
/** Less room than this below the limit shows nothing. */
const ROOM_MIN_CPUS = 0.05;

const params = {
  container: text({
    about: "name of the container; empty: the pod's only one",
    default: "",
    pattern: NAME,
    rule: "a container's name or empty",
  }),
  workers: count({ about: "processes that compute", min: 1, max: 8, default: 1 }),
  load: share({ about: "share of one CPU that each takes", min: "1%", default: "100%" }),
};
type Params = Read<typeof params>;

/** A neighbour within the container: what its limit and its shares allow is fought for. */
export const cpuStress = defineFault({
  name: "cpu-stress",
  about: "Processes in the container's own cgroup compute: its CPU limit holds for all together.",
  on: "pod",
  lasts: "held",
  kinds: ["cpu-stress"],
  evidence:
    "CPU that the kubelet tells of the container, which rises by at least half of what the workers " +
    "may take, while the same container runs.",
  params,
  effects: ({ container, workers, loadRatio }, pod) => [
    { kind: "cpu-stress", pod, container, workers, loadRatio },
  ],
  observe: (witness, pod, { container }) => lookAtContainer(witness, pod, container),
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now, of),
    by: `CPU that the kubelet of ${pod.node} tells of the container; status of its pod`,
    saw: { before, now },
    needed:
      `${show(RISE_RATIO_MIN * roomOf(before, of))} CPUs more than before, in the container that ` +
      `ran then; gone at ${show(LEFT_RATIO_MAX * roomOf(before, of))} more, in whichever runs`,
  }),
  // The kubelet tells a mean over some 10 s, every 10 s.
  proofWithinMs: 60_000,
});

const show = (cpus: number): string => String(Number(cpus.toFixed(3)));

/** CPUs that the workers can take beside what the container uses already. */
function roomOf({ container, use }: ContainerSeen, { workers, loadRatio }: Params): number {
  const limit = container?.cpuLimit ?? Infinity;
  return Math.max(0, Math.min(workers * loadRatio, limit - (use?.cpus ?? 0)));
}

function effectOf(before: ContainerSeen, now: ContainerSeen, of: Params): Evidence["effect"] {
  const room = roomOf(before, of);
  const [was, is] = [before.use?.cpus ?? null, now.use?.cpus ?? null];
  if (was === null || is === null || room < ROOM_MIN_CPUS) return "unclear";
  if (before.container === null || now.container === null) return "unclear";
  if (is - was <= LEFT_RATIO_MAX * room) return now.container.running ? "absent" : "unclear";
  // One that starts computes too.
  const same = now.container.id === before.container.id && now.container.running;
  return same && is - was >= RISE_RATIO_MIN * room ? "present" : "unclear";
}
