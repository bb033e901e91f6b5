import type { Evidence } from "../model/evidence.ts";
import { size, type Read } from "../model/fields.ts";
import { numberAt, type Json } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { CONTAINER_FIELD, mainOf } from "../ports/room-looks.ts";
import type { Witness } from "../ports/witness.ts";

/** So much as takes a second at that speed. */
const READ_MIN_BYTES = 64 * 1_024;
const READ_MAX_BYTES = 16 * 2 ** 20;
const WITHIN_MS = 4_000;
/** Of the speed that is asked for: what it may be at most, and at least once it has gone. */
const SLOW_RATIO_MAX = 1.5;
const FAST_RATIO_MIN = 3;

const params = {
  container: CONTAINER_FIELD,
  speed: size({
    about: "bytes a second that all processes of the container may read, and as many to write",
    min: "64KiB",
    max: "256MiB",
    default: "1MiB",
  }),
};
type Params = Read<typeof params>;

/** A disk that is worn or fought for: what is not cached takes long. */
export const diskSlow = defineFault({
  name: "disk-slow",
  about:
    "A container's processes read and write its own disk slowly; what is cached is as fast as " +
    "before, and with cgroups of version 1 so is what the kernel writes later.",
  on: "pod",
  lasts: "held",
  kinds: ["disk-slow"],
  evidence:
    "Time that the container's own program takes to be read from the disk, past all caches and " +
    "within the container's limits.",
  params,
  effects: ({ container, speedBytes }, pod) => [
    { kind: "disk-slow", pod, container, bytesPerSec: Math.round(speedBytes) },
  ],
  observe: look,
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now, of),
    by: `speed at which the program of pod ${pod.namespace}/${pod.name} is read from its disk`,
    saw: { before: shown(before), now: shown(now) },
    needed:
      `${SLOW_RATIO_MAX * of.speedBytes} bytes a second at most in the container that ran before, ` +
      `which read faster than ${FAST_RATIO_MIN * of.speedBytes}; gone above that, in whichever runs`,
  }),
});

function look(witness: Witness, pod: Target<"pod">, of: Params): Promise<Json> {
  const { container, speedBytes } = of;
  const bytes = Math.min(READ_MAX_BYTES, Math.max(READ_MIN_BYTES, Math.round(speedBytes)));
  return witness.inContainer(pod, { container, at: "reads", bytes, withinMs: WITHIN_MS });
}

/** Bytes a second; null: not told. */
function speedOf(seen: Json): number | null {
  const [bytes, tookMs] = [numberAt(seen, "bytes"), numberAt(seen, "tookMs")];
  if (bytes === undefined || tookMs === undefined || bytes === 0 || tookMs === 0) return null;
  return Math.round((1_000 * bytes) / tookMs);
}

const shown = (seen: Json): Json => ({ main: mainOf(seen), bytesPerSec: speedOf(seen) });

function effectOf(before: Json, now: Json, { speedBytes }: Params): Evidence["effect"] {
  const [was, is] = [speedOf(before), speedOf(now)];
  if (was === null || is === null || was < FAST_RATIO_MIN * speedBytes) return "unclear";
  if (is >= FAST_RATIO_MIN * speedBytes) return "absent";
  const same = mainOf(before) !== "" && mainOf(now) === mainOf(before);
  return same && is <= SLOW_RATIO_MAX * speedBytes ? "present" : "unclear";
}
