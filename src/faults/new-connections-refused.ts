import type { Evidence } from "../model/evidence.ts";
import type { Read } from "../model/fields.ts";
import {
  CONNECTION_FIELDS,
  connectionPort,
  connectionScope,
  effectOnConnections,
  lookAtConnections,
  type ConnectionsSeen,
} from "../ports/connection-looks.ts";
import { defineFault } from "../ports/fault.ts";

const CONNECTS = 5;
const CONNECT_MS = 1_000;

type Params = Read<typeof CONNECTION_FIELDS>;

/** As where nobody listens: at once; whoever keeps connections notices nothing. */
export const newConnectionsRefused = defineFault({
  name: "new-connections-refused",
  about: "A pod refuses new connections of others, while established ones go on.",
  on: "pod",
  lasts: "held",
  kinds: ["connections"],
  evidence:
    "Connections of the node agent beside the pod are refused, while the pod takes its own by the " +
    "same address, runs without a restart and, where probes are left alone, is as Ready as before.",
  params: CONNECTION_FIELDS,
  effects: (of, pod) => [
    { kind: "connections", pod, ...connectionScope(of), does: "refuse-new", everyMs: 0 },
  ],
  observe: (witness, pod, of) =>
    lookAtConnections(witness, pod, {
      url: (address) => `tcp://${address}:${connectionPort(of)}`,
      ask: { count: CONNECTS, withinMs: CONNECT_MS },
      isHit: ({ answered, why }) => !answered && why.includes("connection refused"),
    }),
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now, of),
    by: `connections to pod ${pod.namespace}/${pod.name} from beside it and from inside`,
    saw: { before, now },
    needed: neededOf(of),
  }),
  // A pod that is gone has taken its network with it.
  healProof: (before, now, of, pod) => ({
    effect: now.pod === null ? "absent" : effectOf(before, now, of),
    by: `connections to pod ${pod.namespace}/${pod.name} from beside it and from inside`,
    saw: { before, now },
    needed: neededOf(of),
  }),
});

const neededOf = (of: Params): string =>
  `port ${connectionPort(of)} refuses all of ${CONNECTS} connections, where it took them, and takes ` +
  `those of the pod itself, which runs with no restart${of.affectsProbes ? "" : " and as Ready as before"}` +
  "; gone once it takes all";

function effectOf(before: ConnectionsSeen, now: ConnectionsSeen, of: Params): Evidence["effect"] {
  return effectOnConnections(before, now, {
    affectsProbes: of.affectsProbes,
    isMet: ({ asked, hits }) => asked > 0 && hits === asked,
  });
}
