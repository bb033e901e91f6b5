import type { Evidence } from "../model/evidence.ts";
import { count, text, type Read } from "../model/fields.ts";
import { numberAt, textAt, type Json } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { CONTAINER_FIELD, mainOf } from "../ports/room-looks.ts";
import type { Witness } from "../ports/witness.ts";

/** Longer than who is well takes; short enough for several looks before a probe acts. */
const ANSWER_MS = 2_000;

const params = {
  container: CONTAINER_FIELD,
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

type Seen = {
  readonly main: string;
  /** Files that the first process may still open; null: not told. */
  readonly spare: number | null;
  /** `refuses`: nobody listens there, which is another thing. */
  readonly sign: "answers" | "refuses" | "silent";
};

/** Files that leak: open connections go on, and a new one is not accepted. */
export const descriptorsExhausted = defineFault({
  name: "descriptors-exhausted",
  about:
    "No process of a container can open another file or accept another connection; those that are " +
    "open go on, and what is closed is not given back.",
  on: "pod",
  lasts: "held",
  kinds: ["files-limit"],
  evidence:
    "A new connection to the container, which is not answered where it was, while its first process " +
    "is the same and, as /proc tells on its node, has no file left to open.",
  params,
  effects: ({ container }, pod) => [{ kind: "files-limit", pod, container }],
  observe: look,
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now),
    by: `answer of pod ${pod.namespace}/${pod.name} on a new connection, and its files as /proc tells`,
    saw: { before, now },
    needed:
      `no answer from ${of.port}${of.path}, where there was one, from the same first process, which ` +
      `has 0 files left to open; gone once whichever runs answers and has some`,
  }),
  // A container that its probes had ended may wait for its next start.
  proofWithinMs: 60_000,
});

async function look(
  witness: Witness,
  pod: Target<"pod">,
  { container, port, path }: Params,
): Promise<Seen> {
  const now = await witness.object(`api/v1/namespaces/${pod.namespace}/pods/${pod.name}`);
  const ip = textAt(now, "metadata", "uid") === pod.uid ? textAt(now, "status", "podIP") : "";
  if (ip === "") return { main: "", spare: null, sign: "silent" };
  const url = `http://${ip.includes(":") ? `[${ip}]` : ip}:${port}${path}`;
  // On a connection of its own: the API server would go on with one that it has.
  const [asked] = await witness.fromPod(pod, { url, count: 1, withinMs: ANSWER_MS });
  // Looked at after the answer: another first process must not be missed.
  const files: Json = await witness.inContainer(pod, { container, at: "files" });
  const refuses = asked?.why.includes("connection refused") === true;
  const sign = asked?.answered === true ? "answers" : refuses ? "refuses" : "silent";
  return { main: mainOf(files), spare: numberAt(files, "spare") ?? null, sign };
}

function effectOf(before: Seen, now: Seen): Evidence["effect"] {
  if (before.main === "" || now.main === "" || now.spare === null) return "unclear";
  if (before.sign !== "answers" || before.spare === null || before.spare === 0) return "unclear";
  if (now.sign === "answers") return now.spare > 0 ? "absent" : "unclear";
  const same = now.main === before.main && now.sign === "silent";
  return now.spare === 0 && same ? "present" : "unclear";
}
