import type { Evidence } from "../model/evidence.ts";
import { optional, share, size, text, type Read } from "../model/fields.ts";
import { numberAt, textAt, type Json } from "../model/json.ts";
import { defineFault } from "../ports/fault.ts";
import { CONTAINER_FIELD, mainOf } from "../ports/room-looks.ts";

/** Less than this to take shows nothing. */
const ROOM_MIN_BYTES = 256 * 1_024;
/** What is tried to be written: where more is left, being refused is no sign. */
const TRIED_BYTES = 64 * 1_024;
/** Of what was to be taken: the container writes and removes meanwhile. */
const TAKEN_RATIO_MIN = 0.9;
const LEFT_RATIO_MAX = 0.5;

const params = {
  container: CONTAINER_FIELD,
  path: text({
    about:
      "folder of the container, on a file system that only its pod has, such as an emptyDir in memory",
    pattern: /^\/\S+$/,
    rule: "an absolute path",
  }),
  leave: size({ about: "what stays free", default: "0KiB" }),
  to: optional(
    share({
      about: "share of the file system's size that is in use, in place of `leave`",
      min: "1%",
    }),
  ),
};
type Params = Read<typeof params>;

/** A volume runs full: what writes there is refused. */
export const diskFill = defineFault({
  name: "disk-fill",
  about: "A volume that only the pod has is full, or nearly so: writing there fails.",
  on: "pod",
  lasts: "held",
  kinds: ["disk-fill"],
  evidence:
    "Free bytes of the file system, and 64 KiB that are written there as the container's user and " +
    "are gone again: where nothing is left the kernel refuses them with ENOSPC.",
  params,
  problems: ({ leaveBytes, toRatio }) =>
    toRatio !== undefined && leaveBytes > 0 ? ["one of leave and to must be given, got both"] : [],
  effects: ({ container, path, leaveBytes, toRatio }, pod) => [
    {
      kind: "disk-fill",
      pod,
      container,
      path,
      leave: toRatio === undefined ? { bytes: Math.round(leaveBytes) } : { ratio: 1 - toRatio },
    },
  ],
  observe: (witness, pod, { container, path }) =>
    witness.inContainer(pod, { container, at: "disk", path }),
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now, of),
    by: `${of.path} in pod ${pod.namespace}/${pod.name}: its free bytes, and writing there`,
    saw: { before: shown(before), now: shown(now) },
    needed: neededOf(before, of),
  }),
});

const shown = (seen: Json): Json => ({
  freeBytes: numberAt(seen, "freeBytes") ?? null,
  sizeBytes: numberAt(seen, "sizeBytes") ?? null,
  refused: textAt(seen, "why"),
});

const leftOf = (before: Json, { leaveBytes, toRatio }: Params): number =>
  toRatio === undefined
    ? leaveBytes
    : Math.round((1 - toRatio) * (numberAt(before, "sizeBytes") ?? 0));

function neededOf(before: Json, of: Params): string {
  const left = leftOf(before, of);
  const free = numberAt(before, "freeBytes") ?? 0;
  const most = Math.round(free - TAKEN_RATIO_MIN * (free - left));
  const refused = left < TRIED_BYTES ? " and ENOSPC for 64 KiB" : "";
  const gone = Math.round(free - LEFT_RATIO_MAX * (free - left));
  return `${most} bytes free at most${refused}; gone at ${gone} and no refusal`;
}

function effectOf(before: Json, now: Json, of: Params): Evidence["effect"] {
  const [was, is] = [numberAt(before, "freeBytes"), numberAt(now, "freeBytes")];
  if (was === undefined || is === undefined || mainOf(now) === "") return "unclear";
  const left = leftOf(before, of);
  const room = was - left;
  if (room < ROOM_MIN_BYTES || textAt(before, "why") !== "") return "unclear";
  const takenRatio = (was - is) / room;
  const why = textAt(now, "why");
  if (takenRatio <= LEFT_RATIO_MAX) return why === "" ? "absent" : "unclear";
  const refused = left < TRIED_BYTES ? why === "ENOSPC" : why === "";
  // Another container sees the same volume: its first process may be another one.
  return takenRatio >= TAKEN_RATIO_MIN && refused ? "present" : "unclear";
}
