import type { Evidence } from "../model/evidence.ts";
import { duration, text, type Read } from "../model/fields.ts";
import {
  CONNECTION_FIELDS,
  connectionPort,
  connectionScope,
  effectOnConnections,
  lookAtConnections,
  type ConnectionsSeen,
} from "../ports/connection-looks.ts";
import { defineFault } from "../ports/fault.ts";

const PAUSE_MS = 100;
const ANSWER_MS = 1_000;
/** Beyond the time between two resets. */
const MARGIN_MS = 1_000;

const params = {
  ...CONNECTION_FIELDS,
  path: text({
    about: "path that the witness asks by HTTP/1 on a connection that it keeps: any status will do",
    pattern: /^\/\S*$/,
    rule: "a path that begins with /",
    default: "/",
  }),
  every: duration({
    about:
      "how often those that are established then are reset, and the first time at once; `for` must " +
      "be longer, or nobody sees it",
    min: "200ms",
    max: "5s",
    default: "2s",
  }),
};
type Params = Read<typeof params>;

/** Idle ones too; new ones work until the next time. The pod's process meets ECONNABORTED. */
export const connectionReset = defineFault({
  name: "connection-reset",
  about: "All connections that others have to a pod are reset, again and again; new ones work.",
  on: "pod",
  lasts: "held",
  kinds: ["connections"],
  evidence:
    "Asks of the node agent beside the pod on a connection that it keeps, which meets resets, while " +
    "one from the pod to itself meets none and the pod runs without a restart.",
  params,
  effects: (of, pod) => [
    { kind: "connections", pod, ...connectionScope(of), does: "reset", everyMs: of.everyMs },
  ],
  observe: (witness, pod, of) =>
    lookAtConnections(witness, pod, {
      url: (address) => `http://${address}:${connectionPort(of)}${of.path}`,
      ask: {
        count: Math.ceil((of.everyMs + MARGIN_MS) / PAUSE_MS),
        withinMs: ANSWER_MS,
        pauseMs: PAUSE_MS,
        reuse: true,
      },
      isHit: ({ ended }) => ended === "reset",
    }),
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now, of),
    by: `kept connections to pod ${pod.namespace}/${pod.name} from beside it and from inside`,
    saw: { before, now },
    needed: neededOf(of),
  }),
  // A pod that is gone has taken its network with it.
  healProof: (before, now, of, pod) => ({
    effect: now.pod === null ? "absent" : effectOf(before, now, of),
    by: `kept connections to pod ${pod.namespace}/${pod.name} from beside it and from inside`,
    saw: { before, now },
    needed: neededOf(of),
  }),
});

const neededOf = (of: Params): string =>
  `asks of port ${connectionPort(of)} for longer than ${of.everyMs}ms on a kept connection meet a ` +
  "reset, where they met none, and are answered otherwise; those of the pod itself meet none, and " +
  "it runs with no restart; gone once all are answered";

function effectOf(before: ConnectionsSeen, now: ConnectionsSeen, of: Params): Evidence["effect"] {
  return effectOnConnections(before, now, {
    affectsProbes: of.affectsProbes,
    isMet: ({ asked, well, hits }) => hits > 0 && well > 0 && well + hits === asked,
  });
}
