import type { Evidence } from "../model/evidence.ts";
import { optional, share, size, text, type Read } from "../model/fields.ts";
import { defineFault } from "../ports/fault.ts";
import { lookAtContainer, type ContainerSeen } from "../ports/container-looks.ts";

const NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/;
const RISE_RATIO_MIN = 0.7;
const LEFT_RATIO_MAX = 0.3;
/** A smaller rise is within what a container does by itself. */
const ROOM_MIN_BYTES = 16 * 2 ** 20;

const params = {
  container: text({
    about: "name of the container; empty: the pod's only one",
    default: "",
    pattern: NAME,
    rule: "a container's name or empty",
  }),
  size: optional(size({ about: "memory that is held beside the container's own", min: "16MiB" })),
  limit: optional(
    share({
      about:
        "share of its memory limit that the container is brought to; 100%: until the kernel kills, " +
        "and which of its processes the kernel chooses",
      min: "10%",
    }),
  ),
};
type Params = Read<typeof params>;
type Seen = ContainerSeen & {
  /** Id of the container that was ended for want of memory, in this look or an earlier one. */
  readonly oomKilled: string;
};

/** A leak within the container: its limit holds for all together, and the kernel kills for it. */
export const memoryStress = defineFault({
  name: "memory-stress",
  about: "A process in the container's own cgroup holds memory, up to where the kernel kills.",
  on: "pod",
  lasts: "held",
  kinds: ["memory-stress"],
  evidence:
    "Memory that the kubelet tells of the container, which rises as asked, or the container's end " +
    "as OOMKilled.",
  params,
  problems: ({ sizeBytes, limitRatio }) =>
    (sizeBytes === undefined) === (limitRatio === undefined)
      ? [`one of size and limit must be given, got ${sizeBytes === undefined ? "none" : "both"}`]
      : [],
  effects: ({ container, sizeBytes, limitRatio = 1 }, pod) => [
    {
      kind: "memory-stress",
      pod,
      container,
      to: sizeBytes === undefined ? { limitRatio } : { bytes: sizeBytes },
    },
  ],
  observe: async (witness, pod, { container }): Promise<Seen> => {
    const seen = await lookAtContainer(witness, pod, container);
    return { ...seen, oomKilled: seen.container?.oomKilled ?? "" };
  },
  gather: (seen, now) => ({ ...now, oomKilled: now.oomKilled || seen.oomKilled }),
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now, of),
    ...grounds(before, now, of, pod.node),
  }),
  healProof: (before, now, of, pod) => ({
    effect: leftOf(before, now, of),
    ...grounds(before, now, of, pod.node),
  }),
  // The kubelet tells it every 10 s; what was killed may wait for its next start.
  proofWithinMs: 90_000,
});

function grounds(
  before: Seen,
  now: Seen,
  of: Params,
  node: string,
): Pick<Evidence, "by" | "saw" | "needed"> {
  const room = roomOf(before, of) ?? 0;
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  return {
    by: `memory that the kubelet of ${node} tells of the container; status of its pod`,
    saw: { before, now },
    needed:
      `${mib(RISE_RATIO_MIN * room)} more than before in the container that ran then, or its end ` +
      `as OOMKilled; gone at ${mib(LEFT_RATIO_MAX * room)} more, in whichever is ready`,
  };
}

/** Bytes by which the container is to rise; null: it cannot be known. */
function roomOf({ use }: ContainerSeen, { sizeBytes, limitRatio = 1 }: Params): number | null {
  if (use === null || use.memoryBytes === null) return null;
  const limit = use.leftBytes === null ? null : use.memoryBytes + use.leftBytes;
  if (sizeBytes !== undefined) return Math.min(sizeBytes, use.leftBytes ?? Infinity);
  return limit === null ? null : limitRatio * limit - use.memoryBytes;
}

function riseOf(before: Seen, now: Seen, of: Params): number | null {
  const room = roomOf(before, of);
  const [was, is] = [before.use?.memoryBytes ?? null, now.use?.memoryBytes ?? null];
  if (room === null || was === null || is === null || room < ROOM_MIN_BYTES) return null;
  return (is - was) / room;
}

function effectOf(before: Seen, now: Seen, of: Params): Evidence["effect"] {
  if (before.container === null || !before.container.running) return "unclear";
  const room = roomOf(before, of);
  if (room === null || room < ROOM_MIN_BYTES) return "unclear";
  const { id } = before.container;
  if (id !== "" && now.oomKilled === id && before.oomKilled !== id) return "present";
  const riseRatio = riseOf(before, now, of);
  if (riseRatio === null || now.container === null) return "unclear";
  if (now.container.id !== id || !now.container.running) return "unclear";
  if (riseRatio >= RISE_RATIO_MIN) return "present";
  return riseRatio <= LEFT_RATIO_MAX ? "absent" : "unclear";
}

/** What was killed stays killed: whichever runs now tells. */
function leftOf(before: Seen, now: Seen, of: Params): Evidence["effect"] {
  const riseRatio = riseOf(before, now, of);
  if (riseRatio === null || now.container === null) return "unclear";
  if (riseRatio >= RISE_RATIO_MIN) return "present";
  return riseRatio <= LEFT_RATIO_MAX && now.container.ready ? "absent" : "unclear";
}
